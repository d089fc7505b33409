/** What a router sends to RADIUS, and what comes of it in the panel. */
import { readdir } from 'node:fs/promises';
import type { PanelClient } from '@proxpanel/testbed/panel-client';
import type { RadiusServer } from '@proxpanel/testbed/radius-server';
import type { TestServer } from '@proxpanel/testbed/server';

export interface Subscriber {
  id: number;
  username: string;
  is_online: boolean;
  row_version: number;
}

export type RecordType = 'Start' | 'Interim-Update' | 'Stop';

/** One accounting packet of the router, as radclient reads it. */
export function record(
  username: string,
  session: string,
  type: RecordType,
  more: Record<string, string | number> = {},
): string {
  const attributes = {
    'User-Name': `"${username}"`,
    'Acct-Session-Id': `"${session}"`,
    'Acct-Status-Type': type,
    'NAS-Identifier': '"router"',
    'NAS-Port': 7,
    ...more,
  };
  return Object.entries(attributes)
    .map(([name, value]) => `${name} = ${String(value)}`)
    .join('\n');
}

interface Session {
  acctsessionid: string;
  acctstoptime: Date | null;
  acctsessiontime: string;
  acctinputoctets: string;
  acctoutputoctets: string;
}

/** The rows of `radacct`. */
export function sessionsOf(server: TestServer, username: string): Promise<Session[]> {
  return server.postgres.query<Session>(
    `SELECT acctsessionid, acctstoptime, acctsessiontime::text, acctinputoctets::text, acctoutputoctets::text
       FROM radacct WHERE username = $1 ORDER BY acctsessionid`,
    [username],
  );
}

/** As the list of subscribers has it. */
export async function isOnline(reader: PanelClient, username: string): Promise<boolean | undefined> {
  const path = `/api/subscribers?search=${username}`;
  const { subscribers } = await reader.expectOk(reader.get<{ subscribers: Subscriber[] }>(path));
  return subscribers.find((each) => each.username === username)?.is_online;
}

/** Nothing waits to be written into main's database. */
export async function isSpoolEmpty(radius: RadiusServer): Promise<boolean> {
  const entries = await readdir(radius.spoolDirectory, { recursive: true, withFileTypes: true });
  return entries.every((entry) => entry.isDirectory());
}
