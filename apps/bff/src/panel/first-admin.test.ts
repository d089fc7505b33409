import { expect, test } from 'vitest';
import { Fault } from '../fault.ts';
import { createUser } from './create-user.ts';
import { ensureFirstAdmin } from './ensure-first-admin.ts';
import { passwordMatches } from './password.ts';
import type { StoredUser, UserStore } from './ports.ts';

function memoryUsers(insertFault: Fault | null = null): UserStore & { readonly stored: StoredUser[] } {
  const stored: StoredUser[] = [];
  return {
    stored,
    findByName: async (username) => stored.find((user) => user.username === username) ?? null,
    count: async () => stored.length,
    async insert(user) {
      if (insertFault !== null) throw insertFault;
      stored.push({ ...user, isActive: true });
    },
  };
}

test('the first start makes admin with the given password and prints nothing', async () => {
  const users = memoryUsers();
  const lines: string[] = [];
  const deps = { users, adminPassword: 'given password', print: (line: string) => lines.push(line) };
  expect(await ensureFirstAdmin(deps)).toBe('created');
  expect(users.stored).toMatchObject([{ username: 'admin', role: 'admin' }]);
  expect(await passwordMatches(users.stored[0]?.passwordHash ?? '', 'given password')).toBe(true);
  expect(lines).toEqual([]);
  expect(await ensureFirstAdmin(deps)).toBe('exists');
  expect(users.stored.length).toBe(1);
});

test('without a password one is made, printed once and works', async () => {
  const users = memoryUsers();
  const lines: string[] = [];
  const deps = { users, adminPassword: null, print: (line: string) => lines.push(line) };
  expect([await ensureFirstAdmin(deps), await ensureFirstAdmin(deps)]).toEqual(['created', 'exists']);
  expect(lines.length).toBe(1);
  const printed = /password (\S{20,}) /.exec(lines[0] ?? '')?.[1] ?? '';
  expect(await passwordMatches(users.stored[0]?.passwordHash ?? '', printed)).toBe(true);
});

test('a secondary makes nobody and prints nothing; a lost race is no fault; an outage is', async () => {
  const lines: string[] = [];
  const run = (fault: Fault) =>
    ensureFirstAdmin({ users: memoryUsers(fault), adminPassword: null, print: (line) => lines.push(line) });
  expect(await run(new Fault('READ_ONLY', 'no'))).toBe('not_writable');
  expect(await run(new Fault('DUPLICATE', 'no'))).toBe('exists');
  await expect(run(new Fault('DATABASE_DOWN', 'away'))).rejects.toMatchObject({ code: 'DATABASE_DOWN' });
  expect(lines).toEqual([]);
});

test('a user with a bad name or a short password is refused', async () => {
  const users = memoryUsers();
  for (const [username, password] of [
    ['', 'long enough'],
    ['two words', 'long enough'],
    ['x'.repeat(65), 'long enough'],
    ['ann', 'short'],
  ] as const) {
    await expect(createUser({ users }, { username, role: 'reseller', password })).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
    });
  }
  expect(users.stored).toEqual([]);
});
