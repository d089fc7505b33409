/** Pictures on two real servers, and the parity list: what PostgreSQL does not replicate (DESIGN §11). */
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { joinServers } from '@proxpanel/testbed/join-servers';
import type { PanelClient } from '@proxpanel/testbed/panel-client';
import type { TestServer } from '@proxpanel/testbed/server';
import { createTestbed, type Testbed } from '@proxpanel/testbed/testbed';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { noisePng } from '../src/panel/testing/png.ts';
import { readStatus, waitForStatus } from './support/panel-status.ts';
import { promote, waitUntilOffered } from './support/promotions.ts';
import { startUploadGate, type UploadGate } from './support/upload-gate.ts';
import {
  filesOf,
  parityLine,
  putPicture,
  sendPicture,
  sha256Of,
  shownHash,
  waitForParity,
  waitForPicture,
} from './support/uploads.ts';

const logo = noisePng(60, 40);
const background = noisePng(2_200, 2_200);
const otherKey = 'b1'.repeat(32);
let testbed: Testbed;
let gate: UploadGate;
let main: TestServer;
let secondary: TestServer;
let mainPanel: PanelClient;
let panel: PanelClient;

beforeAll(async () => {
  [testbed, gate] = await Promise.all([createTestbed(), startUploadGate()]);
  [main, secondary] = await Promise.all([
    testbed.addServer('main', { environment: { NODE_API_URL: gate.url } }),
    testbed.addServer('secondary'),
  ]);
  gate.target = main.url;
  await joinServers(main, secondary);
  [mainPanel, panel] = await Promise.all([main.panel().signIn(), secondary.panel().signIn()]);
}, 240_000);

afterAll(async () => {
  await testbed.dispose();
  await gate[Symbol.asyncDispose]();
});

/** The list changes first; a file that it no longer names goes after. */
const waitForSameFiles = () =>
  waitFor(() => [main, secondary].map(filesOf), {
    describe: 'both servers to keep the same files',
    until: ([onMain, onSecondary]) => isDeepStrictEqual(onMain, onSecondary),
  });

test('two servers that are set up alike are the same in every line, on both pages', async () => {
  for (const page of [mainPanel, panel]) {
    const { parity } = await waitForStatus(page, 'every line of the parity list to be the same', (status) =>
      status.parity.some(({ lines }) => lines.every(({ state }) => state === 'same')),
    );
    expect(parity.map(({ lines }) => lines.map(({ name }) => name))).toEqual([
      ['uploads', 'environment', 'certificate', 'clock', 'panel_version', 'postgres_version'],
    ]);
    // The status is polled every 5 s.
    expect(JSON.stringify(parity).length).toBeLessThan(800);
  }
});

test('a picture put up on main is shown by the secondary byte for byte, and leaves an audit row on both', async () => {
  const { sha256 } = await putPicture(mainPanel, 'logo', logo);
  await waitForPicture(secondary, 'logo', logo);
  const reply = await fetch(`${secondary.url}/api/uploads/logo`);
  expect(Object.fromEntries(reply.headers)).toMatchObject({
    'content-type': 'image/png',
    'x-content-type-options': 'nosniff',
    etag: `"${sha256}"`,
  });
  const audited = () =>
    secondary.postgres.query(`SELECT actor, action, entity_id FROM audit_log WHERE entity = 'picture'`);
  const rows = await waitFor(audited, { describe: 'the audit row to arrive', until: ({ length }) => length > 0 });
  expect(rows).toEqual([{ actor: 'admin', action: 'upload', entity_id: 'logo' }]);
  await waitForParity(mainPanel, 'uploads', 'same');
});

test('a secondary takes no picture, and its own stays as it was', async () => {
  const refused = await sendPicture(panel, 'logo', noisePng(10, 10));
  expect([refused.status, await refused.json()]).toMatchObject([503, { code: 'READ_ONLY' }]);
  expect(await shownHash(secondary, 'logo')).toBe(sha256Of(logo));
});

test('a secondary that is killed in the middle of a large picture goes on where it was', async () => {
  gate.holdFromBytes = 1024 ** 2;
  const { sha256, size_bytes: sizeBytes } = await putPicture(mainPanel, 'login_background', background);
  await waitFor(() => gate.isHolding, { describe: 'the pull to come to the middle', deadlineMs: 60_000 });
  await secondary.bff.kill();
  const fetched = statSync(join(secondary.uploadsDirectory, `.${sha256}.part`)).size;
  expect(fetched).toBeGreaterThan(0);
  expect(fetched).toBeLessThan(sizeBytes);
  gate.holdFromBytes = Infinity;
  const asked = gate.offsets.length;
  await secondary.bff.start();
  await secondary.bff.waitUntilReady();
  // Not a picture yet, nor half of one, until all of it is there.
  expect([null, sha256]).toContain(await shownHash(secondary, 'login_background'));
  await waitForPicture(secondary, 'login_background', background);
  expect(gate.offsets[asked]).toBe(fetched);
  await waitForSameFiles();
  expect(await shownHash(secondary, 'logo')).toBe(sha256Of(logo));
});

test('a piece that was changed on the way is never shown, and the page says that the pictures do not come', async () => {
  gate.spoils = true;
  const next = noisePng(300, 300);
  await putPicture(mainPanel, 'logo', next);
  const { notices } = await waitForStatus(panel, 'a notice of it', (status) =>
    status.notices.some(({ code }) => code === 'uploads'),
  );
  expect(notices.find(({ code }) => code === 'uploads')?.sentence).toMatch(/could not be fetched/);
  expect(await shownHash(secondary, 'logo')).toBe(sha256Of(logo));
  expect((await waitForParity(mainPanel, 'uploads', 'differs'))?.sentence).toMatch(/differ/);
  gate.spoils = false;
  await waitForPicture(secondary, 'logo', next);
  await waitForStatus(panel, 'the notice to go', (status) => status.notices.every(({ code }) => code !== 'uploads'));
});

test('a picture that main replaces or takes away is replaced and taken away, and leaves no file', async () => {
  const next = noisePng(90, 90);
  await putPicture(mainPanel, 'logo', next);
  await waitForPicture(secondary, 'logo', next);
  await mainPanel.expectOk(mainPanel.delete('/api/uploads/logo'));
  await waitForPicture(secondary, 'logo', null);
  await waitForSameFiles();
  expect(await shownHash(secondary, 'login_background')).toBe(sha256Of(background));
  await putPicture(mainPanel, 'logo', logo);
  await waitForPicture(secondary, 'logo', logo);
});

test('10 GB, what is no picture, and a path that leads out are refused by a real server, and nothing is lost', async () => {
  const headers = {
    authorization: `Bearer ${mainPanel.token ?? ''}`,
    'content-type': 'image/png',
    'content-length': String(10 * 1024 ** 3),
  };
  const call = request(`${main.url}/api/uploads/logo`, { method: 'PUT', headers });
  call.on('error', () => call.destroy());
  call.flushHeaders();
  const [large] = (await once(call, 'response')) as [IncomingMessage];
  expect([large.statusCode, await json(large)]).toMatchObject([413, { code: 'BODY_TOO_LARGE' }]);
  call.destroy();
  const text = await sendPicture(mainPanel, 'logo', Buffer.from('<svg onload="alert(1)"/>'));
  expect([text.status, await text.json()]).toMatchObject([415, { code: 'NOT_AN_IMAGE' }]);
  const outside = await sendPicture(mainPanel, '..%2f..%2fetc%2fcron.d%2fx', logo);
  expect([outside.status, await outside.json()]).toMatchObject([404, { code: 'NOT_FOUND' }]);
  expect(await shownHash(main, 'logo')).toBe(sha256Of(logo));
});

test('another PANEL_ENCRYPTION_KEY and uploads that cannot be kept are told on both pages, and no value is', async () => {
  const { UPLOADS_DIR: uploadsDirectory, PANEL_ENCRYPTION_KEY: key = '' } = secondary.bff.environment;
  await secondary.bff.restart({ PANEL_ENCRYPTION_KEY: otherKey, UPLOADS_DIR: '/dev/null/uploads' });
  await panel.signIn();
  for (const page of [mainPanel, panel]) {
    const line = await waitForParity(page, 'environment', 'differs');
    expect(line?.sentence).toBe('PANEL_ENCRYPTION_KEY differs.');
    expect((await waitForParity(page, 'uploads', 'unknown'))?.sentence).toMatch(
      /"DC2 Standby" cannot read its uploads/,
    );
    expect((await parityLine(page, 'clock'))?.state).toBe('same');
    const all = JSON.stringify(await readStatus(page));
    for (const value of [key, otherKey]) expect(all).not.toContain(value);
  }
  for (const log of [main.bff.readLog(), secondary.bff.readLog()]) expect(log).not.toContain(otherKey);
  await secondary.bff.restart({ PANEL_ENCRYPTION_KEY: key, UPLOADS_DIR: uploadsDirectory });
  await panel.signIn();
  await waitForParity(panel, 'environment', 'same');
  await waitForPicture(secondary, 'login_background', background);
});

test('after main is killed and the secondary promoted, all pictures are there, and the new main takes others', async () => {
  await waitForParity(panel, 'uploads', 'same');
  await main.kill();
  const asked = gate.offsets.length;
  await waitUntilOffered(panel);
  expect((await promote(panel, {})).state).toBe('completed');
  expect(await shownHash(secondary, 'logo')).toBe(sha256Of(logo));
  expect(await shownHash(secondary, 'login_background')).toBe(sha256Of(background));
  const next = noisePng(20, 20);
  await putPicture(panel, 'logo', next);
  expect(await shownHash(secondary, 'logo')).toBe(sha256Of(next));
  // A main serves what it has: it asks nobody for pictures.
  expect(gate.offsets.length).toBe(asked);
});
