/** Whenever the database becomes writable: tables, roles, the first admin (DESIGN §4: never while in recovery; when they can be). */
import type { DatabaseWatchPort, LogPort, NodeFilePort } from '../cluster/ports.ts';
import { Fault } from '../fault.ts';
import { createTicker, type Service } from './service.ts';

const intervalMs = 500;

/** `prepare` is repeated until it succeeds, once for each time that the database came to be writable. */
export function createPrepareLoop(parts: {
  readonly database: DatabaseWatchPort;
  readonly nodeFile: NodeFilePort;
  readonly log: LogPort;
  readonly prepare: () => Promise<void>;
}): Service {
  let prepared = false;
  // A join brings main's password of the panel's role, which the local role gets at once: the panel goes on until the clone.
  let password = parts.nodeFile.get().panel_database?.password;
  parts.nodeFile.onChange((file) => {
    if (file.panel_database?.password !== password) prepared = false;
    password = file.panel_database?.password;
  });
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
