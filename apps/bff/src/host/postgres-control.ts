/** Starting and stopping the local PostgreSQL (SAFETY "Control"): the way that POSTGRES_CONTROL names. */
import type { PostgresControlPort } from '../cluster/postgres-ports.ts';
import { Fault } from '../fault.ts';
import type { ControlWay } from './control-way.ts';
import { createDockerWay } from './postgres-control-docker.ts';
import { createPgCtlClusterWay, createPgCtlWay } from './postgres-control-local.ts';

/** POSTGRES_CONTROL, taken apart. */
export type ControlMethod =
  | { readonly kind: 'docker'; readonly container: string }
  | { readonly kind: 'pg_ctlcluster'; readonly version: string; readonly name: string }
  | { readonly kind: 'pg_ctl'; readonly dataDirectory: string }
  | { readonly kind: 'supervised' };

export interface PostgresControlOptions {
  /** Asked at each call: it may be detected from the data directory only once the database has answered. */
  readonly method: () => ControlMethod | null;
  /** RUN_SCRIPTS: without it we start and stop nothing by ourselves. */
  readonly runScripts: boolean;
  /** A fast stop asked of PostgreSQL itself, for `supervised`; resolves when it has ended. */
  readonly stopFromInside: (signal: AbortSignal) => Promise<void>;
}

/** `kind` is null, and everything else a HOST_FAULT, unless we may run programs or something else starts it again. */
export function createPostgresControl(options: PostgresControlOptions): PostgresControlPort {
  const method = (): ControlMethod | null => {
    const found = options.method();
    return found?.kind === 'supervised' || options.runScripts ? found : null;
  };
  let made: { readonly key: string; readonly way: ControlWay } | null = null;
  const way = (): ControlWay => {
    const found = method();
    if (found === null) throw new Fault('HOST_FAULT', 'This panel cannot start or stop PostgreSQL: set RUN_SCRIPTS.');
    const key = JSON.stringify(found);
    // Kept, because a way may remember what it saw while the server ran.
    if (made?.key !== key) made = { key, way: wayOf(found, options.stopFromInside) };
    return made.way;
  };
  return {
    get kind() {
      return method()?.kind ?? null;
    },
    stop: async (signal) => way().stop(signal),
    start: async (signal) => way().start(signal),
    latestCheckpoint: async (signal) => way().latestCheckpoint(signal),
    livingProcesses: async () => (method() === null ? null : way().livingProcesses()),
  };
}

function wayOf(method: ControlMethod, stopFromInside: PostgresControlOptions['stopFromInside']): ControlWay {
  switch (method.kind) {
    case 'docker':
      return createDockerWay(method.container);
    case 'pg_ctlcluster':
      return createPgCtlClusterWay(method.version, method.name);
    case 'pg_ctl':
      return createPgCtlWay(method.dataDirectory);
    case 'supervised':
      return {
        stop: stopFromInside,
        // Whatever supervises it does that, and without being asked.
        start: () => Promise.resolve(),
        latestCheckpoint: () =>
          Promise.reject(
            new Fault('HOST_FAULT', 'A supervised PostgreSQL does not stay stopped: ask it for the end of its WAL.'),
          ),
        livingProcesses: () => Promise.resolve(null),
      };
  }
}
