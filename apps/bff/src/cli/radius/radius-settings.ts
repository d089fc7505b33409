/** What a FreeRADIUS configuration of this server is made from. */
import type { Login } from '@proxpanel/contracts/peer';

export interface DatabaseHost {
  /** Name or address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

export interface RadiusSettings {
  /** Where the configuration is written, and where FreeRADIUS finds it: `freeradius -d`. */
  readonly directory: string;
  /** What routers account waits here until main's database has it. */
  readonly spoolDirectory: string;
  readonly authenticationPort: number;
  readonly accountingPort: number;
  /** On a machine without IPv6 a socket of that kind cannot be opened, and FreeRADIUS would not start. */
  readonly hasIpv6: boolean;
  /** The account that FreeRADIUS changes to when root starts it; null: it stays who it is. */
  readonly account: string | null;
  readonly login: Login;
  readonly databaseName: string;
  /** This server's own database. */
  readonly local: DatabaseHost;
  /** All that can be main, this server first. */
  readonly members: readonly DatabaseHost[];
  readonly encryptionKey: string;
}

/** One file of the configuration, by its name in the directory. */
export interface ConfigurationFile {
  readonly name: string;
  readonly text: string;
}

/**
 * Main takes one record after the other from each of these, so that the way to another data centre is gone four times at
 * once. All records of one session are in the same one, and stay in their order.
 */
export const spoolNames = ['0', '1', '2', '3'] as const;

/** Kinds of record that `radacct` is made of, as FreeRADIUS' dictionary names them. Others are answered, and mean nothing here. */
export const accountedTypes = ['Start', 'Interim-Update', 'Stop', 'Accounting-On', 'Accounting-Off'] as const;

/** For how long a router is still known when the database has gone away: a week, longer than any repair should take. */
export const knownForSeconds = 604_800;
