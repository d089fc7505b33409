import { expect, test } from 'vitest';
import { endpoints } from './endpoints.ts';
import { errorReplySchema, errorStatusByCode } from './error-codes.ts';
import { clusterSecretSchema, displayNameSchema } from './primitives.ts';

const secret = '0123456789abcdef'.repeat(4);

test('a pasted secret loses the white space around it', () => {
  expect(clusterSecretSchema.parse(`\n  ${secret}\r\n`)).toBe(secret);
});

test('a secret of 63 or 65 characters is refused with its length', () => {
  expect(clusterSecretSchema.safeParse(secret.slice(1)).error?.issues[0]?.message).toContain('this one has 63');
  expect(clusterSecretSchema.safeParse(`${secret}0`).error?.issues[0]?.message).toContain('this one has 65');
});

test('a secret that is not hexadecimal is refused', () => {
  expect(clusterSecretSchema.safeParse(`g${secret.slice(1)}`).error?.issues[0]?.message).toContain('0–9 and a–f');
});

test('a display name may hold quotes and $(…) but no line break, and at most 100 characters', () => {
  expect(displayNameSchema.parse(' O\'Brien "DC1" $(reboot) ')).toBe('O\'Brien "DC1" $(reboot)');
  expect(displayNameSchema.safeParse('two\nlines').success).toBe(false);
  expect(displayNameSchema.safeParse('x'.repeat(1_000_000)).success).toBe(false);
});

test('no two endpoints share a method and a path', () => {
  const keys = Object.values(endpoints).map((endpoint) => `${endpoint.method} ${endpoint.path}`);
  expect(new Set(keys).size).toBe(keys.length);
});

test('every endpoint has a reply schema or says its media type', () => {
  for (const [name, endpoint] of Object.entries(endpoints)) {
    expect('reply' in endpoint || 'replyType' in endpoint, name).toBe(true);
  }
});

test('every route of /api/cluster is for admins, servers or the script', () => {
  for (const endpoint of Object.values(endpoints)) {
    if (endpoint.path.startsWith('/api/cluster')) expect(['admin', 'server', 'script']).toContain(endpoint.access);
  }
});

test('an error reply carries a code of the closed list, and every code has an error status', () => {
  expect(errorReplySchema.safeParse({ error: 'x', code: 'MADE_UP' }).success).toBe(false);
  for (const status of Object.values(errorStatusByCode)) expect(status).toBeGreaterThanOrEqual(400);
});
