/** The cache of all server state, and what happens everywhere when a session has ended. */
import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { isNotSignedIn } from './errors.ts';
import { queryKeys } from './query-keys.ts';

/**
 * Makes the page's query client. A NOT_SIGNED_IN reply to any call empties `me`, which takes the person to the sign-in
 * page and back afterwards. `networkMode` is `always`, because the panel is often reached over a network without the
 * internet, which browsers report as "offline".
 */
export function makeQueryClient(): QueryClient {
  const onError = (error: unknown): void => {
    if (isNotSignedIn(error)) client.setQueryData(queryKeys.me, null);
  };
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: { retry: false, networkMode: 'always', staleTime: 2_000 },
      mutations: { retry: false, networkMode: 'always' },
    },
  });
  return client;
}
