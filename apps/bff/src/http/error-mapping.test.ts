import { errorStatusByCode } from '@proxpanel/contracts/error-codes';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { Fault } from '../fault.ts';
import { toErrorAnswer } from './error-mapping.ts';

const context = { requestId: 'r-1', mainApiUrl: null };

function pgError(code: string): Error {
  return Object.assign(new Error(`postgres says ${code}`), { code, severity: 'FATAL' });
}

test('connection faults of PostgreSQL are DATABASE_DOWN', () => {
  for (const state of ['57P01', '57P02', '57P03', '08000', '08003', '08006', '53300', '25P03']) {
    expect([state, toErrorAnswer(pgError(state), context).reply.code]).toEqual([state, 'DATABASE_DOWN']);
  }
  const cut = new Error('Connection terminated unexpectedly');
  expect(toErrorAnswer(cut, context)).toMatchObject({ status: 503, unexpected: false });
});

test('a fault of our own making is not taken for an outage', () => {
  for (const state of ['42601', '23505', '57014', '22P02']) {
    const answer = toErrorAnswer(pgError(state), context);
    expect([state, answer.status, answer.unexpected]).toEqual([state, 500, true]);
    expect(answer.reply.error).not.toContain('postgres says');
  }
});

test('Redis that loads, has no main or is away is REDIS_DOWN', () => {
  const errors = ['LOADING Redis is loading the dataset in memory', 'MASTERDOWN Link with MASTER is down'].map(
    (message) => Object.assign(new Error(message), { name: 'ReplyError' }),
  );
  errors.push(Object.assign(new Error('too many'), { name: 'MaxRetriesPerRequestError' }));
  for (const error of errors) expect(toErrorAnswer(error, context).reply.code).toBe('REDIS_DOWN');
});

test('a fault keeps its code, status, field, nonce and reasons', () => {
  const reasons = [{ code: 'LAG', sentence: 'The lag is 9 s.' }];
  const fault = new Fault('BLOCKED', 'Not now.', { field: 'node_id', nonce: 'n', reasons, retryAfterSeconds: 2.2 });
  expect(toErrorAnswer(fault, context)).toEqual({
    status: errorStatusByCode.BLOCKED,
    reply: { error: 'Not now.', code: 'BLOCKED', field: 'node_id', nonce: 'n', reasons },
    headers: { 'Retry-After': '3' },
    unexpected: false,
  });
});

test('a cluster secret of the wrong form has its own code and the reason', () => {
  const schema = z.object({ cluster_secret: z.string().length(64, 'It must have 64 characters.') });
  const { reply } = toErrorAnswer(schema.safeParse({ cluster_secret: 'x' }).error, context);
  expect(reply).toEqual({
    error: 'It must have 64 characters.',
    code: 'INVALID_SECRET_FORMAT',
    field: 'cluster_secret',
  });
});

test('something that is no error at all is INTERNAL too', () => {
  for (const thrown of [undefined, null, 'text', 7, { code: '25006' }]) {
    expect(toErrorAnswer(thrown, context)).toMatchObject({ status: 500, unexpected: true });
  }
});
