/** `pg_service.conf`: where libpq connects and as whom. All secrets of the configuration are in this one file. */
import { Fault } from '../../fault.ts';
import type { DatabaseHost, RadiusSettings } from './radius-settings.ts';

/** As libpq of PostgreSQL 15 reads it; a longer line would be refused by each connection. */
const longestLine = 1_000;

export const localService = 'proxpanel-local';
export const mainService = 'proxpanel-main';

/**
 * Two services. `proxpanel-local` reads this server's own database, in recovery or not, and its sessions can open sealed
 * passwords. `proxpanel-main` finds the one database of the cluster that takes writes, whichever server that is now; it is
 * given no key, since what is accounted holds nothing sealed.
 *
 * In a service file, and not in the module's own `radius_db`, because FreeRADIUS prints that line when it is run with -X.
 *
 * @throws Fault INVALID_REQUEST for a value that the format cannot hold.
 */
export function renderServiceFile(settings: RadiusSettings): string {
  const { databaseName, local, members, login, encryptionKey } = settings;
  const common = {
    dbname: databaseName,
    user: login.user,
    password: login.password,
    // Of each host in turn. A server that has lost its power answers nothing at all.
    connect_timeout: '3',
    keepalives_idle: '5',
    keepalives_interval: '2',
    keepalives_count: '3',
    tcp_user_timeout: '8000',
  };
  return [
    '# The connections of FreeRADIUS to PostgreSQL. Holds secrets.',
    ...section(localService, {
      ...hostsOf([local]),
      ...common,
      options: `-c proxpanel.encryption_key=${encryptionKey} -c statement_timeout=5000`,
    }),
    ...section(mainService, {
      ...hostsOf(members),
      ...common,
      target_session_attrs: 'read-write',
      // A record is off the spool once main has it on its own disk, as every other row of the panel.
      options: '-c statement_timeout=20000',
    }),
    '',
  ].join('\n');
}

function hostsOf(hosts: readonly DatabaseHost[]): Record<string, string> {
  return { host: hosts.map(({ host }) => host).join(','), port: hosts.map(({ port }) => String(port)).join(',') };
}

function section(name: string, values: Record<string, string>): string[] {
  return ['', `[${name}]`, ...Object.entries(values).map(([key, value]) => lineOf(key, value))];
}

/** Everything after the first "=" is the value, without quotes or escapes of any kind. */
function lineOf(key: string, value: string): string {
  const line = `${key}=${value}`;
  if (/[\n\r\0]/.test(value) || value.trim() !== value || Buffer.byteLength(line) > longestLine) {
    throw new Fault(
      'INVALID_REQUEST',
      `FreeRADIUS cannot be given this ${key}: a service file of libpq has no way to write it.`,
    );
  }
  return line;
}
