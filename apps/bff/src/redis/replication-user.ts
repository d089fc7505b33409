/** The ACL user by which replicas sign in (SAFETY §5): it may copy, and read the one key that names the data. */
import { createHash } from 'node:crypto';
import type { Login } from '@proxpanel/contracts/peer';
import { Fault } from '../fault.ts';
import { DATASET_KEY } from './dataset-key.ts';
import type { RedisConnection } from './redis-connection.ts';

const COPY = '+psync';

/**
 * Makes the user be exactly this: one password (as its SHA-256, so that no dump of the ACL holds it), PING, REPLCONF, GET
 * of the data's name, and PSYNC only with `mayCopy`. Changes nothing when it is so already. Never written to a file by
 * us: after a restart of Redis nobody can copy until it is made again.
 *
 * @throws Fault NOT_AVAILABLE on a Redis before 6, which knows no users.
 */
export async function ensureUser(connection: RedisConnection, login: Login, mayCopy: boolean): Promise<void> {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(login.user) || login.user === 'default') {
    throw new Fault('INTERNAL', `"${login.user}" is no name for Redis's replication user.`);
  }
  const hash = createHash('sha256').update(login.password).digest('hex');
  const now = await readUser(connection, login.user);
  const passwords = now?.['passwords'];
  const isSame =
    Array.isArray(passwords) &&
    passwords.length === 1 &&
    passwords[0] === hash &&
    String(now?.['flags']).split(',').includes('on') &&
    String(now?.['commands']).split(' ').includes(COPY) === mayCopy;
  if (isSame) return;
  const rules = ['reset', 'on', `#${hash}`, '-@all', '+ping', '+replconf', '+get', `~${DATASET_KEY}`];
  await connection.send('ACL', 'SETUSER', login.user, ...rules, ...(mayCopy ? [COPY] : []));
}

/** Gives or takes the leave to copy. */
export async function setLeave(connection: RedisConnection, user: string, mayCopy: boolean): Promise<void> {
  await connection.send('ACL', 'SETUSER', user, mayCopy ? COPY : '-psync');
}

/** Users that we made and that may copy now: told by their rules, since a restarted BFF knows no names. */
export async function replicationUsersWithLeave(connection: RedisConnection): Promise<string[]> {
  let list: unknown;
  try {
    list = await connection.send('ACL', 'LIST');
  } catch (error) {
    // Redis before 6, or ACL renamed: then there are no such users either.
    if (error instanceof Fault && error.code === 'NOT_AVAILABLE') return [];
    throw error;
  }
  if (!Array.isArray(list)) return [];
  return list.flatMap((line) => {
    const [, name, ...rules] = String(line).split(' ');
    const ours = rules.includes(COPY) && rules.includes(`~${DATASET_KEY}`);
    return ours && name !== undefined ? [name] : [];
  });
}

/** ACL GETUSER as an object; null when there is none. */
async function readUser(connection: RedisConnection, name: string): Promise<Record<string, unknown> | null> {
  const flat = await connection.send('ACL', 'GETUSER', name);
  if (!Array.isArray(flat)) return null;
  const user: Record<string, unknown> = {};
  for (let index = 0; index + 1 < flat.length; index += 2) user[String(flat[index])] = flat[index + 1];
  return user;
}

/** True when whoever connects without a password is let in. */
export async function isOpenToEverybody(connection: RedisConnection): Promise<boolean> {
  const user = await readUser(connection, 'default');
  return String(user?.['flags']).split(',').includes('nopass');
}
