/** Work of a command on the panel's own tables, with the panel running or stopped. */
import type { Environment } from '../environment.ts';
import { Fault } from '../fault.ts';
import { openNodeFile } from '../host/node-file-store.ts';
import { takeStateLock } from '../host/state-lock.ts';
import { createLogger } from '../log.ts';
import { createConnections, type Connections } from '../postgres/connection.ts';
import { prepareDatabase } from '../postgres/panel-role.ts';

export interface DatabaseWork {
  readonly environment: Environment;
  /** For others who find STATE_DIR in use. */
  readonly program: string;
  /** What a secondary says, whose tables are main's. */
  readonly readOnlySentence: string;
}

/** Faults: READ_ONLY on a secondary, STARTING, DATABASE_DOWN, and what the work throws. */
export async function withDatabase<Result>(
  { environment, program, readOnlySentence }: DatabaseWork,
  work: (connections: Connections) => Promise<Result>,
): Promise<Result> {
  const { databaseUrl, panelDatabaseUrl, stateDir } = environment;
  const log = createLogger('warn');
  const lock = await takeStateLock(stateDir, program);
  const nodeFile = await openNodeFile({ stateDir, log });
  if (!lock.taken && nodeFile.get().panel_database === null) {
    // Preparing the database writes node.json, which is the panel's while it runs.
    throw new Fault('STARTING', 'The panel has not prepared its database yet; try again in a moment.');
  }
  const connections = createConnections({ databaseUrl, panelDatabaseUrl, nodeFile, log });
  try {
    if ((await prepareDatabase({ connections, nodeFile, log, radius: null })) === 'in_recovery') {
      throw new Fault('READ_ONLY', readOnlySentence);
    }
    return await work(connections);
  } finally {
    await connections.close();
    if (lock.taken) lock.release();
  }
}
