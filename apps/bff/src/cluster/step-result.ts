/** What a step of a promotion leaves in its phase. */
export interface StepResult {
  readonly detail: string;
  readonly skipped?: boolean;
}
