/** A promotion by hand while an arbiter is there and the panel is not: main is not shut before the panel can be started. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { joinServers, waitForRole } from '@proxpanel/testbed/join-servers';
import { createTestbed } from '@proxpanel/testbed/testbed';
import { expect, test } from 'vitest';
import { cli } from './support/command-line.ts';

/** Boot-clock seconds, as the guard reads them (SAFETY §3 "Guard"). */
async function secondsLeft(dataDirectory: string): Promise<number> {
  const [deadline, uptime] = await Promise.all([
    readFile(join(dataDirectory, 'proxpanel.deadline'), 'utf8'),
    readFile('/proc/uptime', 'utf8'),
  ]);
  return Number.parseFloat(deadline) - Number.parseFloat(uptime);
}

test('the lease and the guard’s deadline last until the panel can be started', async () => {
  const testbed = await createTestbed();
  try {
    const arbiter = await testbed.addArbiter();
    const environment = { ...arbiter.environment, LEASE_TTL_MS: '5000', AUTO_FAILOVER: 'false' };
    const main = await testbed.addServer('main', { environment });
    const secondary = await testbed.addServer('secondary', { environment });
    await joinServers(main, secondary);
    await secondary.bff.stop();
    await main.kill();
    const { exitCode, stdout, stderr } = await cli(
      secondary,
      ...['promote', '--emergency', '--yes', '--confirm', 'DC2 Standby'],
    );
    expect(exitCode, `${stdout}\n${stderr}`).toBe(0);
    expect(stdout).toContain('lasts for another 120 s');
    expect(await secondsLeft(secondary.postgres.dataDirectory)).toBeGreaterThan(30);
    expect(await secondary.postgres.isInRecovery()).toBe(false);
    await secondary.bff.start();
    await secondary.bff.waitUntilReady();
    await waitForRole(secondary, 'main');
    expect(await secondary.postgres.isInRecovery()).toBe(false);
  } finally {
    await testbed.dispose();
  }
}, 300_000);
