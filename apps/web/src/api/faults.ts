/** Errors of calls as forms and dialogs show them. */
import { ApiError, sentenceOf } from './errors.ts';
import { refusedBy } from './reasons.ts';

/** What a dialog shows of an error; null when there is none. */
export function shownFault(error: Error | null) {
  if (error === null) return null;
  const isReadOnly = error instanceof ApiError && error.code === 'READ_ONLY';
  const mainServer = isReadOnly ? error.mainServer : null;
  return { sentence: sentenceOf(error), reasons: refusedBy(error), isReadOnly, mainServer };
}

/** Somebody else has changed the row first. */
export function isRowChanged(error: Error | null): boolean {
  return error instanceof ApiError && error.code === 'ROW_CHANGED';
}
