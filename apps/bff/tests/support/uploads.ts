/** Pictures on a real server: put up and read as a browser does, and what lies on its disk. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import type { ParityLine } from '@proxpanel/contracts/parity';
import { uploadSchema, type Upload, type UploadKind } from '@proxpanel/contracts/uploads';
import type { PanelClient } from '@proxpanel/testbed/panel-client';
import type { TestServer } from '@proxpanel/testbed/server';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { readStatus } from './panel-status.ts';

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** PUT of bytes; the reply as it came. */
export function sendPicture(panel: PanelClient, kind: string, bytes: Buffer, type = 'image/png'): Promise<Response> {
  const headers = { authorization: `Bearer ${panel.token ?? ''}`, 'content-type': type };
  return fetch(`${panel.url}/api/uploads/${kind}`, { method: 'PUT', headers, body: Buffer.from(bytes) });
}

export async function putPicture(panel: PanelClient, kind: UploadKind, bytes: Buffer): Promise<Upload> {
  const reply = await sendPicture(panel, kind, bytes);
  if (reply.status !== 200) throw new Error(`PUT ${kind}: ${String(reply.status)} ${await reply.text()}`);
  return uploadSchema.parse(await reply.json());
}

/** SHA-256 of what a server shows to everybody; null where it has none. */
export async function shownHash(server: TestServer, kind: UploadKind): Promise<string | null> {
  const reply = await fetch(`${server.managementUrl}/api/uploads/${kind}`);
  const bytes = new Uint8Array(await reply.arrayBuffer());
  return reply.status === 200 ? sha256Of(bytes) : null;
}

export function waitForPicture(server: TestServer, kind: UploadKind, bytes: Buffer | null): Promise<unknown> {
  const expected = bytes === null ? null : sha256Of(bytes);
  return waitFor(() => shownHash(server, kind), {
    describe: `${server.name} to show ${expected === null ? 'no' : 'the right'} ${kind}`,
    deadlineMs: 60_000,
    intervalMs: 100,
    until: (hash) => hash === expected,
  });
}

export function filesOf(server: TestServer): string[] {
  return existsSync(server.uploadsDirectory) ? readdirSync(server.uploadsDirectory).sort() : [];
}

export async function parityLine(panel: PanelClient, name: ParityLine['name']): Promise<ParityLine | undefined> {
  const { parity } = await readStatus(panel);
  return parity[0]?.lines.find((line) => line.name === name);
}

export function waitForParity(
  panel: PanelClient,
  name: ParityLine['name'],
  state: ParityLine['state'],
): Promise<ParityLine | undefined> {
  return waitFor(() => parityLine(panel, name), {
    describe: `${panel.url} to say that ${name} is ${state}`,
    deadlineMs: 60_000,
    intervalMs: 200,
    until: (line) => line?.state === state,
  });
}
