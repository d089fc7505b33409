import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { X509Certificate } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { certificateEndsAt } from './certificate.ts';

test('the end of the first certificate of a file is read, and what is no certificate has none', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'certificate-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const [first = '', second = ''] = rootCertificates;
  const path = join(directory, 'chain.pem');
  await writeFile(path, `${first}\n${second}\n`);
  expect(await certificateEndsAt(path)).toEqual(new Date(new X509Certificate(first).validTo));
  await writeFile(path, 'not a certificate');
  expect(await certificateEndsAt(path)).toBeNull();
  expect(await certificateEndsAt(join(directory, 'missing.pem'))).toBeNull();
});
