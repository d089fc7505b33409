import { chmod, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openRevocationFile } from './revocation-file.ts';
import { recordingLog, temporaryDirectory } from './test-node-file.ts';

const kept = (count: number, stored: boolean, endsAtMs = 1_000) =>
  Array.from({ length: count }, (_, index) => ({ jti: `${String(stored)}-${String(index)}`, endsAtMs, stored }));

async function open(stateDir: string) {
  const log = recordingLog();
  return { log, file: await openRevocationFile({ stateDir, log }) };
}

test('what is saved is found by the next start, in a file of this user alone', async () => {
  await using directory = await temporaryDirectory();
  const first = await open(directory.path);
  expect(first.file.found).toEqual([]);
  const all = [...kept(2, true), ...kept(1, false)];
  await Promise.all([first.file.save(kept(1, false)), first.file.save(all)]);
  expect((await open(directory.path)).file.found).toEqual(all);
  expect((await stat(join(directory.path, 'revocations.json'))).mode & 0o777).toBe(0o600);
});

test('it is bounded; what the database does not have and what ends last is kept before the rest', async () => {
  await using directory = await temporaryDirectory();
  const { file } = await open(directory.path);
  await file.save([...kept(10_000, true), ...kept(3, false), { jti: 'last', endsAtMs: 9_999, stored: true }]);
  const { found } = (await open(directory.path)).file;
  expect(found).toHaveLength(10_000);
  expect(found.filter(({ stored }) => !stored)).toHaveLength(3);
  expect(found.some(({ jti }) => jti === 'last')).toBe(true);
});

test('a file that cannot be understood is said once and stops no start', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'revocations.json');
  for (const text of ['{"format":1,', '{"format":2,"revocations":[]}']) {
    await writeFile(path, text);
    const { file, log } = await open(directory.path);
    expect(file.found).toEqual([]);
    expect(log.lines).toMatchObject([{ level: 'error', fields: { file: path } }]);
    expect(await readFile(path, 'utf8')).toBe(text);
  }
});

test('a directory that cannot be written is a fault of the host, and the next save works again', async () => {
  await using directory = await temporaryDirectory();
  const stateDir = join(directory.path, 'state');
  const { file } = await open(stateDir);
  await rm(stateDir, { recursive: true });
  await expect(file.save(kept(1, false))).rejects.toMatchObject({ code: 'HOST_FAULT' });
  await mkdir(stateDir);
  await chmod(stateDir, 0o700);
  await file.save(kept(1, false));
  expect((await open(stateDir)).file.found).toEqual(kept(1, false));
});
