import { ApiError } from './errors.ts';

/** One row of a list that holds them all. Rejects as the server does when the row is gone. */
export function foundRow<Row extends { id: number }>(rows: readonly Row[], id: number, what: string): Row {
  const row = rows.find((candidate) => candidate.id === id);
  if (row === undefined) throw new ApiError(`There is no such ${what} any more.`, { code: 'NOT_FOUND', status: 404 });
  return row;
}
