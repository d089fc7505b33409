/** One "why" (DESIGN §9: reasons, not booleans): a closed code for programs and one sentence for people. */
export interface Reason<Code extends string = string> {
  readonly code: Code;
  readonly sentence: string;
}
