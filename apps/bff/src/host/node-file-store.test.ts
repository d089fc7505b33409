import { randomUUID } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Operation } from '@proxpanel/contracts/operations';
import { openNodeFile } from './node-file-store.ts';
import { openOperationFiles } from './operation-files.ts';
import { membershipOf, recordingLog, temporaryDirectory, temporaryNodeFile } from './test-node-file.ts';

const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

test('the first start makes an identity that only this user can read', async () => {
  await using directory = await temporaryDirectory();
  const stateDir = join(directory.path, 'deep', 'state');
  const log = recordingLog();
  const file = (await openNodeFile({ stateDir, log })).get();
  expect(await mode(stateDir)).toBe('700');
  expect(await mode(join(stateDir, 'node.json'))).toBe('600');
  expect(Buffer.from(file.session_signing_key, 'base64url')).toHaveLength(32);
  expect(file.membership).toBeNull();
  expect(JSON.stringify(log.lines)).not.toContain(file.session_signing_key);
  // The next start is the same server.
  expect((await openNodeFile({ stateDir, log })).get()).toEqual(file);
});

test('modes that are too open are closed at the start', async () => {
  await using nodeFile = await temporaryNodeFile();
  const path = join(nodeFile.stateDir, 'node.json');
  await chmod(nodeFile.stateDir, 0o755);
  await chmod(path, 0o644);
  await nodeFile.reopen();
  expect([await mode(nodeFile.stateDir), await mode(path)]).toEqual(['700', '600']);
});

test('changes are applied one after another, all of them, and are in the file when they resolve', async () => {
  await using nodeFile = await temporaryNodeFile();
  const { file } = nodeFile;
  const seen: number[] = [];
  file.onChange((next) => seen.push(Object.keys(next.newest_iat_by_issuer).length));
  const add = (index: number) =>
    file.update((current) => ({
      ...current,
      newest_iat_by_issuer: { ...current.newest_iat_by_issuer, [`node:${index}`]: index },
    }));
  await Promise.all(Array.from({ length: 50 }, (_, index) => add(index)));
  expect(Object.keys((await nodeFile.reopen()).get().newest_iat_by_issuer)).toHaveLength(50);
  expect(seen.at(-1)).toBe(50);
  expect(await mode(join(nodeFile.stateDir, 'node.json'))).toBe('600');
  expect(await readdir(nodeFile.stateDir)).toEqual(['node.json']);
});

test('a change that throws or makes nonsense fails alone', async () => {
  await using nodeFile = await temporaryNodeFile();
  const { file } = nodeFile;
  const results = await Promise.allSettled([
    file.update((current) => ({ ...current, address: 'main.example' })),
    file.update(() => {
      throw new Error('no');
    }),
    file.update((current) => ({ ...current, server_id: 'not a uuid' })),
    file.update((current) => ({ ...current, membership: membershipOf() })),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
  expect((await nodeFile.reopen()).get()).toMatchObject({ address: 'main.example', membership: { node_id: 1 } });
});

test('what readers share cannot be changed in place', async () => {
  await using nodeFile = await temporaryNodeFile(membershipOf());
  const { membership } = nodeFile.file.get();
  expect(() => {
    (membership as { role: string }).role = 'secondary';
  }).toThrow(TypeError);
  expect(() => membership?.promotions.push({} as never)).toThrow(TypeError);
});

test('a listener that throws does not fail the update', async () => {
  await using directory = await temporaryDirectory();
  const log = recordingLog();
  const file = await openNodeFile({ stateDir: directory.path, log });
  file.onChange(() => {
    throw new Error('listener');
  });
  const stop = file.onChange(() => log.info({}, 'heard'));
  await file.update((current) => ({ ...current, address: 'a' }));
  stop();
  await file.update((current) => ({ ...current, address: 'b' }));
  expect(log.lines.filter(({ sentence }) => sentence === 'heard')).toHaveLength(1);
  expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(2);
});

test.each([
  ['cut short', (text: string) => text.slice(0, 200)],
  ['empty', () => ''],
  ['of another form', (text: string) => text.replace('"format": 1', '"format": 99')],
])('a file that is %s stops the start with one sentence, and is never overwritten', async (_, spoil) => {
  await using nodeFile = await temporaryNodeFile(membershipOf());
  const path = join(nodeFile.stateDir, 'node.json');
  const spoilt = spoil(await readFile(path, 'utf8'));
  await writeFile(path, spoilt);
  const fault = (await nodeFile.reopen().catch((error: unknown) => error)) as Error;
  expect(fault).toMatchObject({ code: 'HOST_FAULT', message: expect.stringContaining(path) });
  expect(fault.message).not.toContain('\n');
  expect(fault.message).not.toContain('of-replicator');
  expect(await readFile(path, 'utf8')).toBe(spoilt);
});

test('what an interrupted write has left is removed, and was never read', async () => {
  await using nodeFile = await temporaryNodeFile(membershipOf());
  const left = '.node.json.0123456789ab.new';
  const beingWritten = '.node.json.ba9876543210.new';
  for (const name of [left, beingWritten]) await writeFile(join(nodeFile.stateDir, name), '{"format": 1');
  const longAgo = new Date(Date.now() - 3_600_000);
  await utimes(join(nodeFile.stateDir, left), longAgo, longAgo);
  expect((await nodeFile.reopen()).get().membership?.node_id).toBe(1);
  // A young one may belong to the panel that runs beside this command line.
  expect((await readdir(nodeFile.stateDir)).toSorted()).toEqual([beingWritten, 'node.json'].toSorted());
});

test('a write that cannot be made says so and leaves the old file and the old view', async () => {
  await using nodeFile = await temporaryNodeFile();
  const path = join(nodeFile.stateDir, 'node.json');
  const text = await readFile(path, 'utf8');
  // A directory of the file's name cannot be replaced by a file, whoever we are.
  const { rename } = await import('node:fs/promises');
  await rename(path, `${path}.aside`);
  await mkdir(path);
  await expect(nodeFile.file.update((file) => ({ ...file, address: 'x' }))).rejects.toMatchObject({
    code: 'HOST_FAULT',
    message: expect.stringContaining('cannot be written'),
  });
  expect(nodeFile.file.get().address).toBeNull();
  expect(await readFile(`${path}.aside`, 'utf8')).toBe(text);
  expect((await readdir(nodeFile.stateDir)).sort()).toEqual(['node.json', 'node.json.aside']);
});

const operation = (startedAt: number, changes: Partial<Operation> = {}): Operation => ({
  id: randomUUID(),
  kind: 'emergency_promotion',
  granted: false,
  without_arbiter: false,
  state: 'completed',
  actor: 'admin',
  reason: null,
  started_at: new Date(startedAt).toISOString(),
  finished_at: null,
  outcome: null,
  phases: [],
  ...changes,
});

test('operations are files of their own, found again after a restart, newest first', async () => {
  await using directory = await temporaryDirectory();
  const open = () => openOperationFiles({ stateDir: directory.path, log: recordingLog() });
  const files = await open();
  const [older, newer] = [operation(1_000), operation(2_000, { state: 'running' })];
  await Promise.all([files.save(newer), files.save({ ...older, state: 'running' }), files.save(older)]);
  const path = join(directory.path, 'operations', `${newer.id}.json`);
  expect(await mode(path)).toBe('600');
  const again = await open();
  expect(await again.list()).toEqual([newer, older]);
  expect(await again.read(older.id)).toEqual(older);
  expect(await again.read(randomUUID())).toBeNull();
  expect(await again.read('../node')).toBeNull();
});

test('of many states that wait for the disk the last one is written, and whoever waited for an earlier one is told', async () => {
  await using directory = await temporaryDirectory();
  const files = await openOperationFiles({ stateDir: directory.path, log: recordingLog() });
  const [first, other] = [operation(1_000, { state: 'running' }), operation(2_000)];
  const states = Array.from({ length: 20 }, (_, index) => ({ ...first, outcome: String(index) }));
  const saves = [first, ...states].map((state) => files.save(state));
  const saved = files.save(other);
  await saves[1];
  // The first was under way; all that came behind it went to the disk together.
  expect(await files.read(first.id)).toEqual(states.at(-1));
  await Promise.all([...saves, saved]);
  const again = await openOperationFiles({ stateDir: directory.path, log: recordingLog() });
  expect(await again.list()).toEqual([other, states.at(-1)]);
});

test('an operation file that cannot be understood is logged and left', async () => {
  await using directory = await temporaryDirectory();
  const files = await openOperationFiles({ stateDir: directory.path, log: recordingLog() });
  const good = operation(1_000);
  await files.save(good);
  const bad = join(directory.path, 'operations', `${randomUUID()}.json`);
  await writeFile(bad, '{');
  const log = recordingLog();
  expect(await (await openOperationFiles({ stateDir: directory.path, log })).list()).toEqual([good]);
  expect(log.lines).toMatchObject([{ level: 'warn', fields: { file: bad } }]);
  expect(await readFile(bad, 'utf8')).toBe('{');
});
