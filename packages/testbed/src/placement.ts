import { userInfo } from 'node:os';
import { readFileSync } from 'node:fs';
import { TestbedError } from './errors.ts';

/** Where a server's processes run and by which addresses they are reached. */
export interface Placement {
  /** The address that the server listens on: `127.0.0.1` or `*`. */
  listenAddress: string;
  /** The address by which others dial it. */
  address: string;
  /** CIDRs, beside the loopback, from which the superuser may sign in to PostgreSQL. */
  trustedAddresses: readonly string[];
  /** The command line that runs `command` there. */
  wrap(command: readonly string[]): string[];
}

/** On this machine's loopback, beside all other servers: each has its own ports. */
export const loopback: Placement = {
  listenAddress: '127.0.0.1',
  address: '127.0.0.1',
  trustedAddresses: [],
  wrap: (command) => [...command],
};

export interface Account {
  uid: number;
  gid: number;
  /** The command line that runs `command` as this account. */
  wrap(command: readonly string[]): string[];
}

/**
 * Who runs PostgreSQL, which refuses to be root: the user postgres when we are root, else ourselves.
 *
 * @throws TestbedError `MISSING_PROGRAM` when we are root and the Debian package's user is not there.
 */
export function postgresAccount(): Account {
  const own = userInfo();
  if (own.uid !== 0) return { uid: own.uid, gid: own.gid, wrap: (command) => [...command] };
  const entry = readFileSync('/etc/passwd', 'utf8').match(/^postgres:[^:]*:(\d+):(\d+):/m);
  if (!entry) throw new TestbedError('MISSING_PROGRAM', 'there is no user "postgres": install postgresql-15');
  return {
    uid: Number(entry[1]),
    gid: Number(entry[2]),
    wrap: (command) => ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups', ...command],
  };
}
