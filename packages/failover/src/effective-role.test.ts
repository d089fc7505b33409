import { expect, test } from 'vitest';
import { describeEffectiveRole, effectiveRole } from './effective-role.ts';

const ROLES = ['standalone', 'main', 'secondary'] as const;
const STATES = ['writable', 'recovery', 'starting', 'down'] as const;

test.each(ROLES)('a %s whose database is in recovery is a secondary', (configuredRole) => {
  expect(effectiveRole({ configuredRole, databaseState: 'recovery' })).toBe('secondary');
});

test.each(ROLES)('a database that is not in recovery leaves %s as it is configured', (configuredRole) => {
  for (const databaseState of ['writable', 'starting', 'down'] as const) {
    expect(effectiveRole({ configuredRole, databaseState })).toBe(configuredRole);
  }
});

test('a restarted main says that it waits', () => {
  expect(describeEffectiveRole({ configuredRole: 'main', databaseState: 'recovery' })).toMatch(
    /^Main, waiting, read-only/,
  );
});

test('every combination has its own sentence', () => {
  const sentences = ROLES.flatMap((configuredRole) =>
    STATES.map((databaseState) => describeEffectiveRole({ configuredRole, databaseState })),
  );
  expect(new Set(sentences).size).toBe(ROLES.length * STATES.length);
  for (const sentence of sentences) expect(sentence).toMatch(/^[A-Z].*\.$/);
});
