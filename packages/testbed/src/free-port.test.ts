import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { reserveName, reservePort } from './free-port.ts';
import { waitFor } from './wait-for.ts';

test('many reservations at once are all different, below the ephemeral range', async () => {
  const reserved = await Promise.all(Array.from({ length: 50 }, () => reservePort()));
  const ports = reserved.map(({ value }) => value);
  expect(new Set(ports).size).toBe(50);
  expect(Math.max(...ports)).toBeLessThan(32_768);
  for (const each of reserved) await each.release();
});

test('a preferred port is taken when it is free, and another one when it is reserved or in use', async () => {
  const first = await reservePort();
  await first.release();
  const preferred = await reservePort(first.value);
  expect(preferred.value).toBe(first.value);
  const second = await reservePort(first.value);
  expect(second.value).not.toBe(first.value);
  await preferred.release();
  const server = createServer().listen(first.value, '127.0.0.1');
  await once(server, 'listening');
  const third = await reservePort(first.value);
  expect(third.value).not.toBe(first.value);
  server.close();
  await second.release();
  await third.release();
});

test('the reservation of another process holds, and ends with it however it dies', async () => {
  const name = `test-${process.pid}`;
  const module = JSON.stringify(join(import.meta.dirname, 'free-port.ts'));
  const program = `const { reserveName } = await import(${module});
    await reserveName(${JSON.stringify(name)}); console.log('held'); setInterval(() => undefined, 1000);`;
  const other = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(other.stdout, 'data', { signal: AbortSignal.timeout(25_000) });
  expect(await reserveName(name)).toBeUndefined();
  other.kill('SIGKILL');
  const taken = await waitFor(() => reserveName(name), { describe: 'the name of a dead process' });
  await taken.release();
});
