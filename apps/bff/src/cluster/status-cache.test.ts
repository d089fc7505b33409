import { expect, test } from 'vitest';
import { createStatusCache } from './status-cache.ts';

function counted() {
  let reads = 0;
  let nowMs = 1_000;
  const cache = createStatusCache({
    nowMs: () => nowMs,
    readStatus: () => {
      reads += 1;
      return Promise.resolve({ reads });
    },
  });
  return { cache, reads: () => reads, pass: (ms: number) => (nowMs += ms) };
}

test('a hundred pages that ask at once cost one read', async () => {
  const { cache, reads } = counted();
  const texts = await Promise.all(Array.from({ length: 100 }, () => cache.read()));
  expect(new Set(texts)).toEqual(new Set(['{"reads":1}']));
  expect(reads()).toBe(1);
});

test('a status is kept for half a second and then read anew', async () => {
  const { cache, pass } = counted();
  await cache.read();
  pass(499);
  expect(await cache.read()).toBe('{"reads":1}');
  pass(1);
  expect(await cache.read()).toBe('{"reads":2}');
});

test('a steady stream of polls never waits: from a quarter of a second on the next reading runs beside them', async () => {
  const { cache, reads, pass } = counted();
  expect(cache.atHand()).toBeNull();
  await cache.read();
  pass(249);
  expect(String(cache.atHand())).toBe('{"reads":1}');
  expect(reads()).toBe(1);
  pass(1);
  expect(String(cache.atHand())).toBe('{"reads":1}');
  expect(String(cache.atHand())).toBe('{"reads":1}');
  expect(reads()).toBe(2);
  await expect.poll(() => String(cache.atHand())).toBe('{"reads":2}');
  pass(500);
  expect(cache.atHand()).toBeNull();
});

test('a reading beside the polls that fails is told to the first poll that needs it, and to no other', async () => {
  let nowMs = 0;
  let fault: Error | null = null;
  const cache = createStatusCache({
    nowMs: () => nowMs,
    readStatus: () => (fault === null ? Promise.resolve('here') : Promise.reject(fault)),
  });
  await cache.read();
  fault = new Error('away');
  nowMs = 300;
  expect(await cache.read()).toBe('"here"');
  nowMs = 600;
  await expect(cache.read()).rejects.toThrow('away');
});

test('a clock that is set back does not keep an old status alive', async () => {
  const { cache, pass } = counted();
  await cache.read();
  pass(-60_000);
  expect(await cache.read()).toBe('{"reads":2}');
});

test('after an operation its own page reads the new state, also when the operation failed', async () => {
  const { cache } = counted();
  await cache.read();
  await cache.after(() => Promise.resolve());
  expect(await cache.read()).toBe('{"reads":2}');
  await expect(cache.after(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await cache.read()).toBe('{"reads":3}');
});

test('what was being read while an operation ended is not kept', async () => {
  const gates: (() => void)[] = [];
  let reads = 0;
  const cache = createStatusCache({
    nowMs: () => 0,
    readStatus: async () => {
      reads += 1;
      const mine = reads;
      await new Promise<void>((resolve) => gates.push(resolve));
      return { mine };
    },
  });
  const before = cache.read();
  await cache.after(() => Promise.resolve());
  const after = cache.read();
  for (const open of gates) open();
  expect(await before).toBe('{"mine":1}');
  expect(await after).toBe('{"mine":2}');
  expect(await cache.read()).toBe('{"mine":2}');
});

test('a failed read is not remembered', async () => {
  let fail = true;
  const cache = createStatusCache({
    nowMs: () => 0,
    readStatus: () => (fail ? Promise.reject(new Error('away')) : Promise.resolve('here')),
  });
  await expect(cache.read()).rejects.toThrow('away');
  fail = false;
  expect(await cache.read()).toBe('"here"');
});
