/** Begins an operation under the lock and answers as soon as it is written down; its steps go on by themselves. */
import type { Operation } from '@proxpanel/contracts/operations';
import { messageOf } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';

/**
 * Resolves with what `begin` returns, the operation as a rule, once it holds the lock. BUSY when another one runs; what
 * `begin` throws.
 *
 * @param name a noun phrase for others who find the lock taken ("a promotion").
 * @param run its steps; a failure of one is written down by the runner and never gets here.
 */
export function startOperation<Begun = Operation>(
  context: ClusterContext,
  name: string,
  begin: () => Begun | Promise<Begun>,
  run: (begun: Begun) => Promise<unknown>,
): Promise<Begun> {
  return new Promise((resolve, reject) => {
    context.lock
      .run(name, async () => {
        const begun = await begin();
        resolve(begun);
        await run(begun);
      })
      .catch((error: unknown) => {
        // Before `resolve` this is the caller's answer; after it, the operation's file says what happened.
        context.log.error({ operation: name, reason: messageOf(error) }, 'an operation ended with a fault');
        reject(error instanceof Error ? error : new Error(messageOf(error)));
      });
  });
}
