import { expect, test } from 'vitest';
import { latestCheckpointIn } from './control-data.ts';
import { createPostgresControl } from './postgres-control.ts';
import type { ControlMethod } from './postgres-control.ts';
import { parseLastStart } from './postgres-processes.ts';

const controlData = (state: string): string => `pg_control version number:            1300
Database cluster state:               ${state}
Latest checkpoint location:           1/A2000028
Latest checkpoint's REDO location:    1/A1000028
`;

test('the latest checkpoint is read only where the server was shut down in order', () => {
  expect(latestCheckpointIn(controlData('shut down'))).toBe(0x1a2000028n);
  expect(latestCheckpointIn(controlData('shut down in recovery'))).toBe(0x1a2000028n);
  for (const text of [controlData('in production'), controlData('in archive recovery'), '', 'cannot open file']) {
    expect(() => latestCheckpointIn(text)).toThrow(expect.objectContaining({ code: 'HOST_FAULT' }));
  }
});

test('the last start keeps its options but the data directory', () => {
  expect(parseLastStart('/usr/lib/postgresql/15/bin/postgres "-D" "/srv/my data" "-c" "x=it\'s so"\n')).toEqual({
    binDirectory: '/usr/lib/postgresql/15/bin',
    args: ['-c', "x=it's so"],
  });
  expect(parseLastStart('/opt/bin/postgres\n')).toEqual({ binDirectory: '/opt/bin', args: [] });
  expect(parseLastStart('')).toBeNull();
});

test('SAFETY "Control": only with RUN_SCRIPTS, or where something else starts it again', async () => {
  const { signal } = new AbortController();
  const stopped: string[] = [];
  const made = (method: ControlMethod | null, runScripts: boolean) =>
    createPostgresControl({
      method: () => method,
      runScripts,
      stopFromInside: () => {
        stopped.push('stopped');
        return Promise.resolve();
      },
    });
  const docker: ControlMethod = { kind: 'docker', container: 'no-such-container' };
  expect(made(docker, true).kind).toBe('docker');
  expect(made(docker, false).kind).toBeNull();
  expect(made(null, true).kind).toBeNull();
  await expect(made(docker, false).stop(signal)).rejects.toMatchObject({ code: 'HOST_FAULT' });
  expect(await made(null, true).livingProcesses()).toBeNull();
  const supervised = made({ kind: 'supervised' }, false);
  expect(supervised.kind).toBe('supervised');
  await supervised.stop(signal);
  await supervised.start(signal);
  expect(stopped).toEqual(['stopped']);
  await expect(supervised.latestCheckpoint(signal)).rejects.toMatchObject({ code: 'HOST_FAULT' });
});
