import { hash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Upload } from '@proxpanel/contracts/uploads';
import { expect, onTestFinished, test } from 'vitest';
import { createUploadFiles } from './upload-files.ts';
import { partName, pictureName } from './upload-names.ts';

async function newDirectory(): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'uploads-'));
  onTestFinished(() => rm(parent, { recursive: true, force: true }));
  return join(parent, 'made', 'when', 'missing');
}

function picture(text: string, kind: Upload['kind'] = 'logo') {
  const bytes = Buffer.from(text);
  const upload: Upload = {
    kind,
    media_type: 'image/png',
    size_bytes: bytes.length,
    sha256: hash('sha256', bytes),
    uploaded_at: '2026-11-22T03:00:00.000Z',
  };
  return { upload, bytes };
}

type Files = ReturnType<typeof createUploadFiles>;

function put(files: Files, next: ReturnType<typeof picture>): Promise<void> {
  return files.change(next.upload.kind, next, (_before, switchOver) => switchOver());
}

test('the directory is made by the first change, and a replaced picture leaves nothing behind', async () => {
  const directory = await newDirectory();
  const files = createUploadFiles(directory);
  expect([await files.list(), await files.read('logo')]).toEqual([null, null]);
  await put(files, picture('first'));
  const second = picture('second');
  await put(files, second);
  expect(await files.read('logo')).toEqual(second);
  expect(await readdir(directory)).toEqual([pictureName(second.upload), 'uploads.json']);
  // Another process finds the same.
  expect(await createUploadFiles(directory).list()).toEqual([second.upload]);
});

test('a change whose record fails, before or after the list was switched, leaves the picture from before', async () => {
  const directory = await newDirectory();
  const files = createUploadFiles(directory);
  const refuse = async () => {
    throw new Error('no commit');
  };
  const switchAndRefuse = async (_before: Upload | null, switchOver: () => Promise<void>) => {
    await switchOver();
    await refuse();
  };
  const first = picture('first');
  await expect(files.change('logo', first, switchAndRefuse)).rejects.toThrow('no commit');
  expect([await files.list(), await readdir(directory)]).toEqual([null, []]);
  await put(files, first);
  for (const record of [refuse, switchAndRefuse]) {
    await expect(files.change('logo', picture('second'), record)).rejects.toThrow('no commit');
    await expect(files.change('logo', null, record)).rejects.toThrow('no commit');
  }
  expect(await files.read('logo')).toEqual(first);
  expect(await readdir(directory)).toHaveLength(2);
});

test('a picture that was cut short, changed or replaced by a link is not served and counts as missing', async () => {
  const directory = await newDirectory();
  const files = createUploadFiles(directory);
  const logo = picture('a picture');
  await put(files, logo);
  const path = join(directory, pictureName(logo.upload));
  const spoil = [
    () => writeFile(path, 'a pic'),
    () => writeFile(path, 'A PICTURE'),
    async () => {
      await rm(path);
      await symlink('/etc/hostname', path);
    },
    () => rm(path),
  ];
  for (const act of spoil) {
    await act();
    expect([await files.read('logo'), await files.listWhole(), await files.isWhole(logo.upload)]).toEqual([
      null,
      [],
      false,
    ]);
    expect(await files.readChunk(logo.upload.sha256, 0, 100)).toBeNull();
  }
});

test('what a pull has fetched survives a restart, and only the promised bytes become a picture', async () => {
  const directory = await newDirectory();
  const whole = picture('0123456789');
  await createUploadFiles(directory).appendPulled(whole.upload, whole.bytes.subarray(0, 6));
  const files = createUploadFiles(directory);
  expect(await files.pulledBytes(whole.upload)).toBe(6);
  await files.appendPulled(whole.upload, whole.bytes.subarray(6));
  expect(await files.finishPulled(whole.upload)).toBe(true);
  expect([await files.isWhole(whole.upload), await files.list()]).toEqual([true, null]);

  const other = picture('9876543210', 'login_background');
  await files.appendPulled(other.upload, Buffer.from('987654321!'));
  expect(await files.finishPulled(other.upload)).toBe(false);
  expect(await files.pulledBytes(other.upload)).toBe(0);
  await files.appendPulled(other.upload, Buffer.from('longer than it may be'));
  expect(await files.pulledBytes(other.upload)).toBe(0);
});

test("main's list replaces ours in one step, and only then goes what it does not name; foreign files stay", async () => {
  const directory = await newDirectory();
  const files = createUploadFiles(directory);
  const [old, fresh] = [picture('old'), picture('fresh')];
  await put(files, old);
  await writeFile(join(directory, 'somebody-elses.png'), 'x');
  await files.appendPulled(fresh.upload, fresh.bytes);
  await files.finishPulled(fresh.upload);
  await files.appendPulled(picture('given up').upload, Buffer.from('gi'));
  await files.adopt([fresh.upload], () => false);
  expect(await files.read('logo')).toEqual(old);
  await files.adopt([fresh.upload], () => true);
  expect(await files.read('logo')).toEqual(fresh);
  expect((await readdir(directory)).sort()).toEqual([pictureName(fresh.upload), 'somebody-elses.png', 'uploads.json']);
  expect(await readdir(directory)).not.toContain(partName(picture('given up').upload));
});

test('a directory or a list that cannot be used is one clear fault that names it', async () => {
  const directory = await newDirectory();
  const files = createUploadFiles(directory);
  await put(files, picture('x'));
  await writeFile(join(directory, 'uploads.json'), '{"version":1,"uploads":[{"kind":"../x"}]}');
  await expect(files.list()).rejects.toMatchObject({ code: 'HOST_FAULT', message: expect.stringContaining(directory) });
  // A secondary writes a whole new one.
  await files.adopt([], () => true);
  expect(JSON.parse(await readFile(join(directory, 'uploads.json'), 'utf8'))).toEqual({ version: 1, uploads: [] });
  const blocked = createUploadFiles(join(directory, 'uploads.json', 'below-a-file'));
  await expect(put(blocked, picture('x'))).rejects.toMatchObject({
    code: 'HOST_FAULT',
    message: expect.stringContaining('below-a-file cannot be used'),
  });
});
