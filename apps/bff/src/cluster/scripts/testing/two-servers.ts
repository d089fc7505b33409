/** The tests' own main and standalone server, per test or shared by those that end with nothing changed. */
import { readdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { expect, test as base } from 'vitest';
import type { PostgresServer } from '@proxpanel/testbed/postgres-server';
import type { PostgresControl } from '../postgres-control.ts';
import { openJoinFixture, startOwnServer, subscribersOf } from './join-fixture.ts';
import type { JoinFixture } from './join-fixture.ts';

export interface Servers {
  fixture: JoinFixture;
  own: PostgresServer;
  control: PostgresControl;
}

async function withServers(use: (servers: Servers) => Promise<void>): Promise<void> {
  await using fixture = await openJoinFixture();
  const own = await startOwnServer(fixture.workspace);
  await use({ fixture, own, control: { kind: 'pg_ctl', dataDirectory: own.dataDirectory } });
}

/** `servers` are a test's own; `standing` ones are shared by the tests that end with nothing changed. */
export const test = base.extend<{ servers: Servers; standing: Servers }>({
  // eslint-disable-next-line no-empty-pattern -- vitest reads a fixture's needs off this pattern; it needs none
  servers: ({}, use) => withServers(use),
  // eslint-disable-next-line no-empty-pattern -- vitest reads a fixture's needs off this pattern; it needs none
  standing: [({}, use) => withServers(use), { scope: 'file' }],
});

/** What the script keeps beside the data directory. */
export async function asideDirectories(own: PostgresServer): Promise<string[]> {
  const names = await readdir(dirname(own.dataDirectory));
  return names.filter((name) => name.startsWith(`${basename(own.dataDirectory)}.`));
}

/** The old data serve again, as a server of its own, and nothing of the attempt is left. */
export async function expectOldDataBack({ fixture, own }: Servers): Promise<void> {
  expect(await subscribersOf(own)).toEqual(['before the join']);
  expect(await own.isInRecovery()).toBe(false);
  expect(await asideDirectories(own)).toEqual([]);
  expect(await readdir(fixture.temporaryDirectory)).toEqual([]);
}
