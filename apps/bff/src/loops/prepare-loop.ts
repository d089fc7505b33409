/** Whenever the database becomes writable: tables, roles, the first admin (DESIGN §4: never while in recovery; when they can be). */
import type { DatabaseWatchPort, LogPort } from '../cluster/ports.ts';
import { Fault } from '../fault.ts';
import { createTicker, type Service } from './service.ts';

const intervalMs = 500;

/** `prepare` is repeated until it succeeds, once for each time that the database came to be writable. */
export function createPrepareLoop(parts: {
  readonly database: DatabaseWatchPort;
  readonly log: LogPort;
  readonly prepare: () => Promise<void>;
}): Service {
  let prepared = false;
  parts.database.onChange((view) => {
    if (view.state !== 'writable') prepared = false;
  });
  return createTicker({
    name: 'prepare',
    log: parts.log,
    intervalMs: () => intervalMs,
    tick: async () => {
      if (prepared || parts.database.view().state !== 'writable') return;
      try {
        await parts.prepare();
        prepared = true;
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        parts.log.warn({ code: error.code, reason: error.message }, 'the database could not be prepared yet');
      }
    },
  });
}
