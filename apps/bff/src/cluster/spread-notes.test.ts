import { expect, test } from 'vitest';
import type { Hold, LastFailover } from '@proxpanel/contracts/change-of-main';
import { membershipOf, temporaryNodeFile } from '../host/test-node-file.ts';
import { newerFailover, newerHold, takeNotes } from './spread-notes.ts';

const at = (minute: number): string => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();
const holdOf = (minute: number, actor: string): Hold => ({ set_at: at(minute), until: at(60), actor, reason: 'work' });
const failoverOf = (term: number, minute: number, acknowledged: boolean): LastFailover => ({
  term,
  at: at(minute),
  acknowledged,
});

test('of two holds the newer one counts, whoever says it; so an end spreads as its beginning did', () => {
  const begun = holdOf(1, 'ann');
  const ended = { ...holdOf(2, 'bob'), until: at(2) };
  expect(newerHold(begun, ended)).toEqual(ended);
  expect(newerHold(ended, begun)).toEqual(ended);
  expect(newerHold(null, begun)).toEqual(begun);
  expect(newerHold(begun, null)).toEqual(begun);
  expect(newerHold(null, null)).toBeNull();
});

test('of two failovers the one of the higher term counts, and an acknowledgement of it sticks', () => {
  expect(newerFailover(failoverOf(2, 1, true), failoverOf(3, 5, false))).toEqual(failoverOf(3, 5, false));
  expect(newerFailover(failoverOf(3, 5, false), failoverOf(2, 1, true))).toEqual(failoverOf(3, 5, false));
  expect(newerFailover(failoverOf(3, 5, true), failoverOf(3, 5, false))?.acknowledged).toBe(true);
  expect(newerFailover(failoverOf(3, 5, false), failoverOf(3, 5, true))?.acknowledged).toBe(true);
  // Another one of the same term is another failover: what was seen was the one before.
  expect(newerFailover(failoverOf(3, 5, true), failoverOf(3, 6, false))).toEqual(failoverOf(3, 6, false));
});

test('what is said is on the disk when it is news, and what is known already is not written again', async () => {
  await using temporary = await temporaryNodeFile(membershipOf());
  const context = { nodeFile: temporary.file };
  let writes = 0;
  temporary.file.onChange(() => (writes += 1));
  const said = { hold: holdOf(1, 'ann'), last_failover: failoverOf(2, 1, false) };
  await takeNotes(context, said);
  await takeNotes(context, said);
  await takeNotes(context, { hold: null, last_failover: null });
  await takeNotes(context, { hold: holdOf(0, 'old'), last_failover: failoverOf(1, 9, false) });
  expect(writes).toBe(1);
  expect((await temporary.reopen()).get().membership).toMatchObject(said);
});
