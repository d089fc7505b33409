/** Form fields are texts; these schemas make of them what the wire has, or say what is wrong with the text. */
import { z } from 'zod';
import { parseScaled } from './amounts.ts';
import { isoOfTimeInput } from './format.ts';

function refuse(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
}

/** A number with at most so many decimals, in whole units of the last one. */
export function typedAmount(decimals: number, message: string) {
  return z.string().transform((text, context) => parseScaled(text, decimals) ?? refuse(context, message));
}

/** The same; an empty field is null. */
export function optionalAmount(decimals: number, message: string) {
  return z
    .string()
    .transform((text, context) =>
      text.trim() === '' ? null : (parseScaled(text, decimals) ?? refuse(context, message)),
    );
}

/** The id of what was chosen in a list; nothing chosen is null. */
export const chosenId = z.string().transform((text) => (text === '' ? null : Number(text)));

/** A date and time, or an end of nothing: an empty field is null. */
export const optionalTime = z
  .string()
  .transform((text, context) =>
    text === '' ? null : (isoOfTimeInput(text) ?? refuse(context, 'Type a date and a time.')),
  );

/** What is not to be changed when nothing is typed, such as a password. */
export function unlessEmpty<Output>(schema: z.ZodType<Output, string>) {
  return z
    .string()
    .transform((text) => (text === '' ? undefined : text))
    .pipe(schema.optional());
}
