/** `proxpanel-cluster user add <name> --role reseller`. */
import { text } from 'node:stream/consumers';
import { userRoleSchema } from '@proxpanel/contracts/roles';
import type { Environment } from '../environment.ts';
import { Fault } from '../fault.ts';
import { openNodeFile } from '../host/node-file-store.ts';
import { takeStateLock } from '../host/state-lock.ts';
import { createLogger } from '../log.ts';
import { createUser } from '../panel/create-user.ts';
import { createConnections } from '../postgres/connection.ts';
import { prepareDatabase } from '../postgres/panel-role.ts';
import { createUserStore } from '../postgres/panel-users.ts';

/** INVALID_REQUEST for another role; READ_ONLY on a secondary, whose users are main's; DUPLICATE for a name that is taken. */
export async function addUser(environment: Environment, username: string, roleText: string): Promise<void> {
  const role = userRoleSchema.safeParse(roleText);
  if (!role.success) throw new Fault('INVALID_REQUEST', `The role must be admin or reseller, not "${roleText}".`);
  const log = createLogger('warn');
  const lock = await takeStateLock(environment.stateDir, 'proxpanel-cluster user add');
  const nodeFile = await openNodeFile({ stateDir: environment.stateDir, log });
  if (!lock.taken && nodeFile.get().panel_database === null) {
    // Preparing the database writes node.json, which is the panel's while it runs.
    throw new Fault('STARTING', 'The panel has not prepared its database yet; try again in a moment.');
  }
  const { databaseUrl, panelDatabaseUrl } = environment;
  const connections = createConnections({ databaseUrl, panelDatabaseUrl, nodeFile, log });
  try {
    if ((await prepareDatabase({ connections, nodeFile, log, radius: null })) === 'in_recovery') {
      throw new Fault('READ_ONLY', 'This server is a secondary; add the user on the main server, and it appears here.');
    }
    const password = await passwordFromInput();
    const created = await createUser(
      { users: createUserStore(connections.panel) },
      { username, role: role.data, password },
    );
    const shown =
      created.madePassword === null ? '' : ` with the password ${created.madePassword} (it is not shown again)`;
    process.stdout.write(`Added ${role.data} ${created.username}${shown}.\n`);
  } finally {
    await connections.close();
    if (lock.taken) lock.release();
  }
}

/** From a pipe, never from an argument, which every user of the machine can read. Nothing on a terminal: one is made. */
async function passwordFromInput(): Promise<string | null> {
  if (process.stdin.isTTY) return null;
  const given = (await text(process.stdin)).replace(/\r?\n$/, '');
  return given === '' ? null : given;
}
