/** What `NotLoaded` shows of a query. */
import type { UseQueryResult } from '@tanstack/react-query';
import { sentenceOf } from './errors.ts';

export function notLoaded(query: Pick<UseQueryResult, 'isPending' | 'isError' | 'error' | 'refetch'>) {
  return {
    isPending: query.isPending,
    failure: query.isError ? sentenceOf(query.error) : null,
    onAgain: () => void query.refetch(),
  };
}
