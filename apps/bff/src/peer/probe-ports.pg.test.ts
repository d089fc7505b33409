import { expect, test } from 'vitest';
import { startPostgres } from '@proxpanel/testbed/postgres-server';
import { startRedis } from '@proxpanel/testbed/redis-server';
import { createPortProbes } from './probe-ports.ts';

test('a real PostgreSQL and a real Redis are known, and not taken for each other', async () => {
  await using postgres = await startPostgres();
  await using redis = await startRedis();
  const probes = createPortProbes();
  expect(await probes.postgresAnswers(postgres.host, postgres.port)).toEqual({
    roundTripMs: expect.any(Number),
    tls: false,
  });
  // It asks for a password: NOAUTH counts as an answer.
  expect(await probes.redisAnswers(redis.host, redis.port)).toEqual({ roundTripMs: expect.any(Number) });
  await expect(probes.postgresAnswers(redis.host, redis.port)).rejects.toMatchObject({
    message: expect.stringMatching(/not as PostgreSQL does|did not answer|without an answer/),
  });
  await expect(probes.redisAnswers(postgres.host, postgres.port)).rejects.toMatchObject({
    message: expect.stringMatching(/not as Redis does|did not answer|without an answer/),
  });
});
