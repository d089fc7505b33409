import { expect, test } from 'vitest';
import { createOperationLock } from './operation-lock.ts';

test('a second operation is told which one runs', async () => {
  const lock = createOperationLock();
  const { promise, resolve } = Promise.withResolvers<string>();
  const first = lock.run('a join', () => promise);
  expect(lock.running()).toBe('a join');
  await expect(lock.run('a promotion', () => Promise.resolve())).rejects.toMatchObject({
    code: 'BUSY',
    message: expect.stringContaining('busy with a join') as string,
  });
  resolve('done');
  expect(await first).toBe('done');
});

test('an operation that fails gives the lock back', async () => {
  const lock = createOperationLock();
  await expect(lock.run('a join', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(lock.running()).toBeNull();
  expect(await lock.run('a join', () => Promise.resolve(1))).toBe(1);
});
