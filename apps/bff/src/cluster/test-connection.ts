/** Everything that a join needs of main and of this server, tried without changing anything (DESIGN §6.3). */
import type { ConnectionCheck, TestConnectionReply } from '@proxpanel/contracts/membership';
import type { PreflightReply } from '@proxpanel/contracts/peer';
import { Fault, messageOf } from '../fault.ts';
import type { ClusterContext } from './cluster-context.ts';
import {
  checkDatabasePort,
  checkDiskRoom,
  checkLimits,
  checkPreflight,
  checkRedisPort,
  checkRoundTrip,
  failed,
  passed,
} from './connection-checks.ts';
import { ownDiskUsage } from './measure-resources.ts';

/** Each of main's answers within this (issue: "hangs, 5 s limit"). */
export const connectTimeoutMs = 5_000;

export interface ConnectionTest {
  readonly reply: TestConnectionReply;
  readonly apiUrl: string | null;
  readonly preflight: PreflightReply | null;
  /** The first fault met on the way to main, for a join to fail with. */
  readonly fault: Fault | null;
}

/** Never throws for what it tests: a fault is a failed check. INVALID_REQUEST for an address of the wrong form. */
export async function testConnection(
  context: ClusterContext,
  input: { main_address: string; cluster_secret: string },
): Promise<ConnectionTest> {
  const candidates = context.peers.candidateUrls(input.main_address);
  const ownSubscribers = await ownSubscriberCount(context);
  const checks: ConnectionCheck[] = [];
  const ended = (fault: Fault, apiUrl: string | null): ConnectionTest => ({
    reply: { ok: false, checks, main: null, own_subscriber_count: ownSubscribers },
    apiUrl,
    preflight: null,
    fault,
  });

  let found: { apiUrl: string; roundTripMs: number };
  try {
    found = await context.peers.findServer(candidates, connectTimeoutMs);
  } catch (error) {
    const fault = asFault(error);
    checks.push(failed('api', fault.message, fixOfUnreachable(fault)));
    return ended(fault, null);
  }
  checks.push(checkRoundTrip(found.apiUrl, found.roundTripMs));

  let preflight: PreflightReply;
  let roundTripMs: number;
  try {
    ({ body: preflight, roundTripMs } = await askPreflight(context, found.apiUrl, input.cluster_secret));
  } catch (error) {
    const fault = asFault(error);
    checks.push(checkOfRefusal(fault));
    return ended(fault, found.apiUrl);
  }
  checks.push(passed('secret', 'Main knows this secret.'));
  if (preflight.server_id === context.nodeFile.get().server_id) {
    const fault = new Fault(
      'SAME_SERVER',
      'The address leads back to this same server; give the address of the other one.',
    );
    checks.push(failed('main_role', fault.message, "Enter the main server's address, not this one's."));
    return ended(fault, found.apiUrl);
  }
  checks.push(...(await checkTheRest(context, preflight, roundTripMs, new URL(found.apiUrl).hostname)));
  const ok = checks.every((check) => check.ok);
  return {
    reply: {
      ok,
      checks,
      main: { display_name: preflight.display_name, subscriber_count: preflight.subscriber_count },
      own_subscriber_count: ownSubscribers,
    },
    apiUrl: found.apiUrl,
    preflight,
    fault: ok ? null : faultOfChecks(checks),
  };
}

async function askPreflight(context: ClusterContext, apiUrl: string, secret: string) {
  const file = context.nodeFile.get();
  const target = { apiUrl, nodeId: null, clusterId: null, secret, issuer: `server:${file.server_id}` };
  const body = {
    server_id: file.server_id,
    version: context.own.version,
    postgres_version_num: context.database.view().versionNum,
  };
  return context.peers.call('preflight', target, body, { timeoutMs: connectTimeoutMs });
}

async function checkTheRest(
  context: ClusterContext,
  preflight: PreflightReply,
  roundTripMs: number,
  host: string,
): Promise<ConnectionCheck[]> {
  const view = await context.database.look();
  const databaseAt = `${preflight.address}:${String(preflight.postgres_port)}`;
  const redisAt = `${preflight.address}:${String(preflight.redis_port)}`;
  const [database, redis, disk, limits] = await Promise.all([
    checkDatabasePort(context.portProbes.postgresAnswers(preflight.address, preflight.postgres_port), databaseAt),
    checkRedisPort(context.portProbes.redisAnswers(preflight.address, preflight.redis_port), redisAt),
    ownDiskUsage(context),
    context.replication.limits().catch((error: unknown) => {
      // Said as a failed check below: a database that does not answer has no limits to compare.
      context.log.warn({ reason: messageOf(error) }, "this server's limits could not be read");
      return null;
    }),
  ]);
  const own = {
    version: context.own.version,
    postgresVersionNum: view.versionNum,
    nowMs: context.clock.nowMs(),
    roundTripMs,
  };
  return [
    ...checkPreflight(preflight, own),
    database,
    redis,
    checkDiskRoom(disk?.freeBytes ?? null, preflight.database_bytes),
    checkLimits(limits, preflight.limits),
    checkControl(context, host),
  ];
}

/** The script has to stop and start this server's PostgreSQL; without knowing how, it could not even be made. */
function checkControl(context: ClusterContext, host: string): ConnectionCheck {
  const control = context.own.postgresControl;
  if (control !== null && control.kind !== 'supervised') {
    return passed('postgres_control', `The script will stop and start PostgreSQL by ${control.kind} on this server.`);
  }
  const fix =
    'Set POSTGRES_CONTROL (docker:<container>, pg_ctlcluster:15/main or pg_ctl:<data directory>) and restart the panel.';
  return failed(
    'postgres_control',
    `This server does not know how to stop its own PostgreSQL before cloning ${host}.`,
    fix,
  );
}

async function ownSubscriberCount(context: ClusterContext): Promise<number | null> {
  if ((await context.database.look()).state !== 'writable') return null;
  return context.panelFacts.subscriberCount();
}

function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  throw error;
}

function fixOfUnreachable(fault: Fault): string {
  if (fault.code === 'MAIN_UNRESOLVABLE') return 'Check the spelling, or enter the IP address.';
  return "Check the address, that main's panel runs, and that its firewall lets this server in on port 80 or 443.";
}

function checkOfRefusal(fault: Fault): ConnectionCheck {
  switch (fault.code) {
    case 'SECRET_MISMATCH':
      return failed('secret', fault.message, 'Copy the secret again from main: exactly 64 hexadecimal characters.');
    case 'CLOCK_SKEW':
      return failed('clock', fault.message, 'Set both clocks by NTP (timedatectl set-ntp true).');
    case 'SAME_SERVER':
      return failed('main_role', fault.message, "Enter the main server's address, not this one's.");
    case 'MAIN_IS_SECONDARY':
      return failed('main_role', fault.message, "Enter the main server's address.");
    case 'NOT_CONFIGURED':
      return failed(
        'main_role',
        'The server there is not configured as a main server.',
        'Configure it first: Settings → Cluster → Configure as Main Server.',
      );
    default:
      return failed('secret', fault.message, 'See the sentence; then test again.');
  }
}

/** The code that a join fails with when a check did not pass. */
function faultOfChecks(checks: readonly ConnectionCheck[]): Fault {
  const bad = checks.filter((check) => !check.ok);
  const reasons = bad.map((check) => ({ code: check.name, sentence: check.detail }));
  const first = bad[0];
  const code =
    first?.name === 'panel_version'
      ? 'VERSION_MISMATCH'
      : first?.name === 'postgres_version'
        ? 'POSTGRES_MISMATCH'
        : first?.name === 'clock'
          ? 'CLOCK_SKEW'
          : 'PREFLIGHT_FAILED';
  return new Fault(code, first?.detail ?? 'A check did not pass.', { reasons });
}
