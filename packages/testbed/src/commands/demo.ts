import { joinServers, effectiveRole } from '../join-servers.ts';
import { commandLineOf, isAlive, readProcess } from '../processes.ts';
import type { ProcessIdentity } from '../processes.ts';
import type { TestServer } from '../server.ts';
import { createTestbed } from '../testbed.ts';
import type { Testbed } from '../testbed.ts';

/** A person watches: what happens shows within seconds, yet no busy laptop is called offline. */
const DEMO_TIMERS = {
  HEARTBEAT_INTERVAL_MS: '2000',
  PROBE_INTERVAL_MS: '2000',
  LATE_AFTER_MS: '5000',
  OFFLINE_AFTER_MS: '10000',
  FAILOVER_AFTER_MS: '10000',
  AUTO_FAILOVER: 'true',
};

export interface DemoOptions {
  /** Leave both servers standalone. */
  fresh: boolean;
  /** Progress for a human, a line at a time. */
  say: (line: string) => void;
  signal: AbortSignal;
}

/** Two servers on this machine, joined and streaming unless `fresh`; gone when the testbed is disposed of. */
export async function openDemo({ fresh, say, signal }: DemoOptions): Promise<Testbed> {
  const testbed = await createTestbed();
  try {
    say('Starting two servers: PostgreSQL, Redis and the panel for each');
    const add = (name: string, preferredBffPort: number) =>
      testbed.addServer(name, { environment: DEMO_TIMERS, redisAppendOnly: true, preferredBffPort });
    const [one, two] = await Promise.all([add('server-1', 8080), add('server-2', 8081)]);
    signal.throwIfAborted();
    if (!fresh) {
      say('Joining them: configure main, join the secondary, run its script');
      await joinServers(one, two);
    }
    signal.throwIfAborted();
    return testbed;
  } catch (error) {
    if (!signal.aborted)
      for (const { name, bff } of testbed.servers) say(`--- ${name}\n${bff.readLog().slice(-3_000)}`);
    await testbed.dispose();
    throw error;
  }
}

/** What DESIGN §12 has `--json` print. */
export async function describeDemo(testbed: Testbed) {
  const servers = [...testbed.servers].sort((one, other) => one.name.localeCompare(other.name));
  return {
    servers: await Promise.all(servers.map(describeServer)),
    admin: { username: 'admin', password: servers[0]?.adminPassword ?? '' },
  };
}

async function describeServer(server: TestServer) {
  return {
    name: server.name,
    url: server.url,
    role: await effectiveRole(server),
    postgres_url: server.postgres.url(),
    redis_url: server.redis.url(),
    state_dir: server.stateDirectory,
  };
}

/** Resolves when this process is asked to end, or when the one that started it is gone and nobody could ask any more. */
export async function untilAsked(signal: AbortSignal): Promise<void> {
  const callers = findCallers();
  const { promise, resolve } = Promise.withResolvers<void>();
  const watch = setInterval(() => {
    if (!callers.every(isAlive)) resolve();
  }, 1_000);
  signal.addEventListener('abort', () => resolve(), { once: true });
  if (signal.aborted) resolve();
  await promise;
  clearInterval(watch);
}

/** Our parent and, when that is only the shell in which npm runs a script, npm itself. */
function findCallers(): ProcessIdentity[] {
  const parent = readProcess(process.ppid);
  if (!parent) return [];
  const npm = commandLineOf(parent.pid)?.includes('bootstrap.sh') ? readProcess(parent.parentPid) : undefined;
  return npm ? [parent, npm] : [parent];
}
