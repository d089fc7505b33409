/** `proxpanel-cluster radius`: FreeRADIUS' configuration of this server, whole and repeatable (DESIGN §11). */
import { networkInterfaces } from 'node:os';
import { join, resolve } from 'node:path';
import { parse as parseConnectionString } from 'pg-connection-string';
import { otherPeers } from '../cluster/membership.ts';
import type { NodeFile } from '../cluster/node-file.ts';
import { databaseNameOf, port as portSchema, postgresPortOf } from '../environment-shapes.ts';
import type { Environment } from '../environment.ts';
import { Fault } from '../fault.ts';
import { readNodeFile } from '../host/node-file-store.ts';
import { radiusLogin } from '../radius-login.ts';
import { renderConfiguration } from './radius/render-configuration.ts';
import { spoolNames, type DatabaseHost, type RadiusSettings } from './radius/radius-settings.ts';
import { findAccount, openConfigurationDirectory, writeConfiguration } from './radius/write-configuration.ts';
import type { Terminal } from './terminal.ts';

export interface RadiusOptions {
  readonly directory: string;
  readonly spool: string;
  readonly port: string;
  readonly accountingPort?: string;
}

const accountName = 'freerad';

/**
 * Writes the configuration. It asks neither panel nor database: all that it holds stands in node.json and the environment.
 *
 * @throws Fault NOT_AVAILABLE without PANEL_ENCRYPTION_KEY; INVALID_REQUEST for a port or a path; HOST_FAULT.
 */
export async function runRadius(environment: Environment, terminal: Terminal, options: RadiusOptions): Promise<void> {
  const isRoot = process.getuid?.() === 0;
  const owner = isRoot ? await findAccount(accountName) : null;
  const settings = settingsOf(environment, await readNodeFile(environment.stateDir), options, owner !== null);
  const files = renderConfiguration(settings);
  await openConfigurationDirectory(settings.directory, owner);
  await openConfigurationDirectory(settings.spoolDirectory, owner);
  for (const name of spoolNames) {
    await openConfigurationDirectory(join(settings.spoolDirectory, name), owner);
  }
  const written = await writeConfiguration(settings.directory, files, owner);
  if (isRoot && owner === null)
    terminal.say(`There is no user ${accountName} here yet: run this again after FreeRADIUS was installed.`);
  if (written.length === 0) terminal.say(`${settings.directory} is as it should be: nothing was changed.`);
  else terminal.say(`${settings.directory} was written (${written.join(', ')}): restart FreeRADIUS.`);
}

function settingsOf(
  environment: Environment,
  nodeFile: NodeFile,
  options: RadiusOptions,
  hasAccount: boolean,
): RadiusSettings {
  const { panelEncryptionKey: encryptionKey, databaseUrl } = environment;
  if (encryptionKey === null) {
    throw new Fault(
      'NOT_AVAILABLE',
      'This server has no PANEL_ENCRYPTION_KEY: no password is stored that RADIUS could check, and it has no role in the database.',
    );
  }
  const authenticationPort = portOf(options.port, '--port');
  const local = localDatabase(databaseUrl);
  return {
    directory: resolve(options.directory),
    spoolDirectory: resolve(options.spool),
    authenticationPort,
    accountingPort:
      options.accountingPort === undefined
        ? authenticationPort + 1
        : portOf(options.accountingPort, '--accounting-port'),
    hasIpv6: Object.values(networkInterfaces()).some((each) => each?.some(({ family }) => family === 'IPv6')),
    account: hasAccount ? accountName : null,
    login: radiusLogin(encryptionKey),
    databaseName: databaseNameOf(databaseUrl),
    local,
    members: [local, ...peersOf(nodeFile)],
    encryptionKey,
  };
}

function portOf(text: string, option: string): number {
  const result = portSchema.safeParse(text);
  if (result.success) return result.data;
  throw new Fault('INVALID_REQUEST', `${option} must be a port from 1 to 65535.`);
}

/** By TCP also where the panel uses a socket: over one PostgreSQL asks who the account is, and FreeRADIUS' is another. */
function localDatabase(databaseUrl: string): DatabaseHost {
  const { host } = parseConnectionString(databaseUrl);
  const isNetwork = host !== null && host !== undefined && host !== '' && !host.startsWith('/');
  return { host: isNetwork ? host.replace(/^\[(.*)\]$/, '$1') : '127.0.0.1', port: postgresPortOf(databaseUrl) };
}

function peersOf({ membership }: NodeFile): DatabaseHost[] {
  if (membership?.is_active !== true) return [];
  return otherPeers(membership).map(({ address, postgres_port: port }) => ({ host: address, port }));
}
