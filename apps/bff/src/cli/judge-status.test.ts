import { expect, test } from 'vitest';
import { judgeStatus, type StatusFacts } from './judge-status.ts';
import { showStatus } from './show-status.ts';
import { wellMain, wellSecondary } from './test-status.ts';

const on = (status: StatusFacts['status'], changes: Partial<StatusFacts> = {}): StatusFacts => ({
  status,
  panelRuns: true,
  mainTakesWrites: status.server.role === 'secondary' ? true : null,
  ...changes,
});

test('all well: 0, and nothing to do', () => {
  expect(judgeStatus(on(wellMain()))).toEqual({ exitCode: 0, faults: [], next: 'Nothing.' });
  expect(judgeStatus(on(wellSecondary())).exitCode).toBe(0);
});

test('what is not well is 1, each fault in a sentence of its own', () => {
  const [own, other] = wellMain().nodes;
  if (own === undefined || other === undefined) throw new Error('two nodes');
  const late = { ...other, status: 'late' as const, status_reason: 'No heartbeat for 40 s.' };
  const { exitCode, faults, next } = judgeStatus(on(wellMain({ nodes: [own, late] })));
  expect([exitCode, faults]).toEqual([1, ['DC2 is late: No heartbeat for 40 s.']]);
  expect(next).toContain('DC2 is late');
  expect(judgeStatus(on(wellMain(), { panelRuns: false }))).toMatchObject({ exitCode: 1, next: 'Start the panel.' });
});

test('a main that waits read-only is 2, and is told by which command it goes on', () => {
  const { database, actions } = wellMain();
  const waiting = wellMain({
    database: { ...database, state: 'recovery' },
    actions: { ...actions, claim_main: { allowed: true, reasons: [] } },
  });
  expect(judgeStatus(on(waiting)).next).toContain('proxpanel-cluster claim-main');
  const stopped = judgeStatus(on(waiting, { panelRuns: false }));
  expect(stopped).toMatchObject({ exitCode: 2, next: expect.stringContaining('proxpanel-cluster promote') as string });
});

test('a secondary whose main takes no writes is 2: wait, or promote, or why not', () => {
  const { failover, promote } = wellSecondary();
  if (failover === null) throw new Error('a secondary');
  const lost = (changes: Parameters<typeof wellSecondary>[0]) =>
    judgeStatus(on(wellSecondary(changes), { mainTakesWrites: null }));
  expect(lost({ failover: { ...failover, countdown_ms: 12_400 } }).next).toContain('by itself in 13 s');
  expect(lost({ promote: { ...promote, allowed: true, reasons: [] } }).next).toContain('promote --emergency');
  expect(lost({})).toMatchObject({ exitCode: 2, next: expect.stringContaining('Not now.') as string });
});

test('the page of text has every node with its lag, the hold, and the next step as its last line', () => {
  const { failover } = wellMain();
  if (failover === null) throw new Error('a main');
  const hold = { set_at: '2026-11-22T02:00:00Z', until: '2026-11-22T04:00:00Z', actor: 'root@db1', reason: 'disks' };
  const blockers = [{ code: 'hold', sentence: 'root@db1 holds automatic failover: disks' }];
  const facts = on(wellMain({ failover: { ...failover, hold, blockers } }));
  const text = showStatus(facts, judgeStatus(facts));
  expect(text).toMatch(/^DC1 \(node 1\): main, term 3\./);
  expect(text).toMatch(/^\*1 +DC1 +main +online +- +here/m);
  expect(text).toMatch(/^ 2 +DC2 +secondary +online +2 kB, 0\.2 s +0 s ago/m);
  expect(text).toContain('hold       until 2026-11-22T04:00:00Z by root@db1: disks');
  expect(text.trimEnd().split('\n').at(-1)).toBe('next       Nothing.');
});
