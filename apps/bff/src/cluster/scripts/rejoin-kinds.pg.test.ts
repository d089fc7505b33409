import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { plainEnvironment } from '@proxpanel/testbed/command';
import { waitFor } from '@proxpanel/testbed/wait-for';
import { renderRejoinScript } from './render-rejoin-script.ts';
import { subscribersOf } from './testing/join-fixture.ts';
import { mountOver } from './testing/mount-over.ts';
import { test } from './testing/rejoin-fixture.ts';
import { containerName, installStandInDocker } from './testing/stand-in-docker.ts';

// pg_rewind and pg_basebackup write all they did through to a disk that others use too.
vi.setConfig({ testTimeout: 300_000 });

test('docker, data on a mount point: a copy inside it is rewound, and the old data stay beside it', async ({
  parted,
}) => {
  const { fixture, own } = parted;
  await own.stop();
  await using _mount = await mountOver(own.dataDirectory);
  await own.start();
  const docker = await installStandInDocker(fixture.workspace.directory, own);
  const environment = { PATH: `${docker.directory}:${plainEnvironment['PATH'] ?? ''}` };
  const script = await fixture.write(
    { kind: 'docker', container: containerName },
    { dataDirectory: own.dataDirectory },
    (input) => renderRejoinScript({ ...input, repair: 'rewind' }),
  );

  const result = await fixture.run(script, { environment });
  expect(result.output).toContain('rewinding from last common checkpoint');
  expect(result.output).toContain('[done]');
  expect(result.exitCode).toBe(0);
  await fixture.main.query(`INSERT INTO subscribers VALUES ('written later on main')`);
  const rows = ['before the fork', 'on main', 'written later on main'];
  await waitFor(() => subscribersOf(own), { describe: 'the row to arrive', until: (seen) => seen.length === 3 });
  expect(await subscribersOf(own)).toEqual(rows);
  const kept = (await readdir(own.dataDirectory)).filter((name) => /^\.(join|before|replica)-/.test(name));
  expect(kept).toEqual([expect.stringMatching(/^\.before-rejoin-/), '.join-state']);
  const saved = await readdir(join(own.dataDirectory, kept[0] ?? 'none'));
  expect(saved).toContain('PG_VERSION');
  expect(saved).toContain('standby.signal');
  expect(JSON.stringify(await docker.calls())).not.toContain('p:w');
  expect((await fixture.run(script, { environment })).output).toContain('nothing to do');
  await own.stop();
});
