/** The machine under this server: its load, and the scripts that it runs. */
import { homedir } from 'node:os';
import type { HostPort, LogPort } from '../cluster/ports.ts';
import { certificateEndsAt } from './certificate.ts';
import { createCpuMeter, diskUsage, memoryPercent } from './machine-figures.ts';
import { runScript, writeScript } from './script-runner.ts';

/**
 * `scriptEnvironment` is added to what scripts get, which is otherwise PATH, HOME and LANG alone (e.g. DOCKER_HOST).
 */
export function createHost(parts: {
  readonly scriptDir: string;
  readonly log: LogPort;
  readonly scriptEnvironment?: Readonly<Record<string, string>>;
}): HostPort {
  const environment = {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: homedir(),
    LANG: 'C.UTF-8',
    ...parts.scriptEnvironment,
  };
  return {
    cpuPercent: createCpuMeter(),
    memoryPercent,
    diskUsage,
    certificateEndsAt,
    writeScript: (name, text) => writeScript(parts.scriptDir, name, text),
    runScript: (path, args, signal) => runScript(path, { args, environment, signal, log: parts.log }),
  };
}
