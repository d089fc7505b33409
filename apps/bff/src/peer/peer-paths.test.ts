import { UPLOAD_CHUNK_BYTES } from '@proxpanel/contracts/uploads';
import { expect, test } from 'vitest';
import { options, setUp } from './test-peers.ts';

const sha256 = 'a1'.repeat(32);
const piece = { sha256, offset: 0, size_bytes: 3, chunk_base64: 'AAEC' };

test('a call with a parameter and a query is signed for the path that it is sent to', async () => {
  await using s = await setUp({ answer: piece });
  const { body } = await s.client.call('upload', s.member, undefined, {
    ...options,
    params: { sha256 },
    query: { offset: '262144' },
  });
  expect(body).toEqual(piece);
  expect(s.server.heard.map(({ path }) => path)).toEqual([`/api/cluster/uploads/${sha256}?offset=262144`]);
});

test('a parameter stays one part of the path, whatever is in it', async () => {
  await using s = await setUp({ answer: piece });
  await s.client.call('upload', s.member, undefined, { ...options, params: { sha256: '../heartbeat?x' } });
  expect(s.server.heard[0]?.path).toBe('/api/cluster/uploads/..%2Fheartbeat%3Fx');
});

test('a piece that is longer than was agreed, or no base64, is not believed', async () => {
  const call = async (chunk: string) => {
    await using s = await setUp({ answer: { ...piece, chunk_base64: chunk } });
    return await s.client.call('upload', s.member, undefined, { ...options, params: { sha256 } });
  };
  const longest = Buffer.alloc(UPLOAD_CHUNK_BYTES).toString('base64');
  expect((await call(longest)).body.chunk_base64).toHaveLength(longest.length);
  for (const bad of [Buffer.alloc(UPLOAD_CHUNK_BYTES + 3).toString('base64'), '<html>', 'AAE']) {
    await expect(call(bad)).rejects.toMatchObject({ code: 'BAD_REPLY' });
  }
});
