/** Who is signed in, signing in and out. */
import type { MeReply } from '@proxpanel/contracts/auth';
import { useMutation, useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import type { BodyInputOf } from '@proxpanel/contracts/endpoints';
import { call, keepSignedIn } from './client.ts';
import { isNotSignedIn } from './errors.ts';
import { queryKeys } from './query-keys.ts';

async function readMe(signal: AbortSignal): Promise<MeReply | null> {
  try {
    await keepSignedIn();
    return await call('me', { signal });
  } catch (error) {
    if (isNotSignedIn(error)) return null;
    throw error;
  }
}

const pollMs = 5_000;

/**
 * The signed-in user, and whether this server takes writes; `data` is null when nobody is signed in. The frame alone
 * polls it, while the page is visible: a change of main is then said within 5 s, whatever page is open.
 */
export function useMe({ poll = false }: { poll?: boolean } = {}): UseQueryResult<MeReply | null> {
  return useQuery({
    queryKey: queryKeys.me,
    queryFn: ({ signal }) => readMe(signal),
    staleTime: 60_000,
    // Often enough, everywhere, to renew the access token before it ends.
    refetchInterval: poll ? pollMs : 60_000,
    refetchIntervalInBackground: false,
    refetchOnWindowFocus: poll ? 'always' : true,
  });
}

/** Signs in. What an earlier user was shown is thrown away first. */
export function useSignIn() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: BodyInputOf<'login'>) => call('login', { body }),
    onSuccess: async (reply) => {
      client.removeQueries({ predicate: (query) => query.queryKey[0] !== queryKeys.me[0] });
      // Until all of `me` is there, what only it can say is not claimed.
      client.setQueryData<MeReply>(queryKeys.me, {
        user: reply.user,
        accounts_from_main_since: null,
        writes: { allowed: true, sentence: '', main_url: null },
        keeps_secrets: true,
      });
      await client.invalidateQueries({ queryKey: queryKeys.me });
    },
  });
}

/** Signs out and forgets all that was shown. */
export function useSignOut() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => call('logout', { body: {} }),
    onSuccess: () => {
      client.setQueryData(queryKeys.me, null);
      client.removeQueries({ predicate: (query) => query.queryKey[0] !== queryKeys.me[0] });
    },
  });
}
