import { expect, test } from 'vitest';
import { waitFor } from './wait-for.ts';

test('it returns the first value that is the awaited one', async () => {
  let asked = 0;
  const value = await waitFor(() => ++asked, { describe: 'three', until: (seen) => seen === 3, intervalMs: 1 });
  expect(value).toBe(3);
});

test('a probe that throws is asked again', async () => {
  let asked = 0;
  const probe = () => {
    asked += 1;
    if (asked < 3) throw new Error('not yet');
    return 'there';
  };
  expect(await waitFor(probe, { describe: 'it', intervalMs: 1 })).toBe('there');
});

test('when the deadline passes it says what it waited for and what it last saw', async () => {
  await expect(
    waitFor(() => ({ state: 'startup' }), {
      describe: 'the standby',
      until: ({ state }) => state === 'streaming',
      deadlineMs: 50,
      intervalMs: 5,
    }),
  ).rejects.toMatchObject({ code: 'DEADLINE', message: expect.stringMatching(/for the standby; last saw .*startup/) });
});

test('a probe that hangs does not outlast the deadline', async () => {
  await expect(
    waitFor(() => Promise.withResolvers<true>().promise, { describe: 'it', deadlineMs: 50 }),
  ).rejects.toThrow(/never returned/);
});

test('a signal ends the wait with its reason', async () => {
  const controller = new AbortController();
  const waiting = waitFor(() => false, { describe: 'it', signal: controller.signal });
  controller.abort(new Error('no longer wanted'));
  await expect(waiting).rejects.toThrow('no longer wanted');
});
