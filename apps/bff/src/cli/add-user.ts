/** `proxpanel-cluster user add <name> --role reseller`. */
import { text } from 'node:stream/consumers';
import { userRoleSchema } from '@proxpanel/contracts/roles';
import type { Environment } from '../environment.ts';
import { Fault } from '../fault.ts';
import { createUser } from '../panel/create-user.ts';
import { createUserStore } from '../postgres/panel-users.ts';
import { withDatabase } from './with-database.ts';

/** INVALID_REQUEST for another role; READ_ONLY on a secondary, whose users are main's; DUPLICATE for a name that is taken. */
export async function addUser(environment: Environment, username: string, roleText: string): Promise<void> {
  const role = userRoleSchema.safeParse(roleText);
  if (!role.success) throw new Fault('INVALID_REQUEST', `The role must be admin or reseller, not "${roleText}".`);
  const work = {
    environment,
    program: 'proxpanel-cluster user add',
    readOnlySentence: 'This server is a secondary; add the user on the main server, and it appears here.',
  };
  await withDatabase(work, async (connections) => {
    const password = await passwordFromInput();
    const created = await createUser(
      { users: createUserStore(connections.panel) },
      { username, role: role.data, password },
    );
    const shown =
      created.madePassword === null ? '' : ` with the password ${created.madePassword} (it is not shown again)`;
    process.stdout.write(`Added ${role.data} ${created.username}${shown}.\n`);
  });
}

/** From a pipe, never from an argument, which every user of the machine can read. Nothing on a terminal: one is made. */
async function passwordFromInput(): Promise<string | null> {
  if (process.stdin.isTTY) return null;
  const given = (await text(process.stdin)).replace(/\r?\n$/, '');
  return given === '' ? null : given;
}
