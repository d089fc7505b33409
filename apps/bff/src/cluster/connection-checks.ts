/** The checks between a server and the main that it wants to join, a line each, with its own sentence and fix (DESIGN §6.3). */
import type { ConnectionCheck } from '@proxpanel/contracts/membership';
import type { PostgresLimits, PreflightReply } from '@proxpanel/contracts/peer';
import { messageOf } from '../fault.ts';

/** Over this a synchronous commit is felt and a clone is slow; the runbook's figure. */
const slowRoundTripMs = 50;
const skewLimitMs = 60_000;
/** A base backup needs room for main's data while the old data is kept, and some to work in. */
const diskHeadroom = 1.2;

export function passed(name: ConnectionCheck['name'], detail: string, latencyMs?: number): ConnectionCheck {
  return {
    name,
    ok: true,
    warning: false,
    detail,
    fix: null,
    ...(latencyMs === undefined ? {} : { latency_ms: latencyMs }),
  };
}

export function failed(name: ConnectionCheck['name'], detail: string, fix: string): ConnectionCheck {
  return { name, ok: false, warning: false, detail, fix };
}

export function warned(
  name: ConnectionCheck['name'],
  detail: string,
  fix: string,
  latencyMs?: number,
): ConnectionCheck {
  return { name, ok: true, warning: true, detail, fix, ...(latencyMs === undefined ? {} : { latency_ms: latencyMs }) };
}

export function checkRoundTrip(apiUrl: string, roundTripMs: number): ConnectionCheck {
  const rounded = Math.round(roundTripMs * 10) / 10;
  const detail = `${apiUrl} answered in ${String(rounded)} ms.`;
  if (roundTripMs <= slowRoundTripMs) return passed('api', detail, rounded);
  return warned(
    'api',
    detail,
    'A link under 50 ms is recommended; over it the secondary lags and a clone takes long.',
    rounded,
  );
}

export function checkPanelVersion(own: string, mains: string): ConnectionCheck {
  if (own === mains) return passed('panel_version', `Both servers run panel version ${own}.`);
  const fix = `Update the older server first, so that both run the same version.`;
  return failed('panel_version', `Main runs panel version ${mains}, this server ${own}.`, fix);
}

export function checkPostgresVersion(ownVersionNum: number | null, mainsVersionNum: number): ConnectionCheck {
  const mains = Math.floor(mainsVersionNum / 10_000);
  if (ownVersionNum === null) {
    return failed('postgres_version', "This server's own PostgreSQL does not answer.", 'Start it, then test again.');
  }
  const own = Math.floor(ownVersionNum / 10_000);
  if (own === mains) return passed('postgres_version', `Both servers run PostgreSQL ${String(own)}.`);
  const fix = `Install PostgreSQL ${String(mains)} on this server: a replica needs main's major version.`;
  return failed('postgres_version', `Main runs PostgreSQL ${String(mains)}, this server ${String(own)}.`, fix);
}

/** `aheadMs` is main's clock minus this server's, with half the round trip taken off. */
export function checkClock(aheadMs: number): ConnectionCheck {
  const seconds = Math.round(Math.abs(aheadMs) / 100) / 10;
  const which = aheadMs > 0 ? 'behind' : 'ahead of';
  if (Math.abs(aheadMs) < 1_000) return passed('clock', 'The clocks agree to within a second.');
  const detail = `This server's clock is ${String(seconds)} s ${which} main's.`;
  const fix = 'Set both clocks by NTP (timedatectl set-ntp true).';
  return Math.abs(aheadMs) > skewLimitMs ? failed('clock', detail, fix) : warned('clock', detail, fix);
}

export async function checkDatabasePort(
  knock: Promise<{ roundTripMs: number; tls: boolean }>,
  where: string,
): Promise<ConnectionCheck> {
  try {
    const answer = await knock;
    const tls = answer.tls ? '' : ' Without TLS: the replicated data crosses the link in clear.';
    return passed('database_port', `PostgreSQL answers at ${where}.${tls}`, Math.round(answer.roundTripMs * 10) / 10);
  } catch (error) {
    const fix = `Open the port in main's firewall for this server, and set listen_addresses = '*' there.`;
    return failed('database_port', messageOf(error), fix);
  }
}

export async function checkRedisPort(knock: Promise<{ roundTripMs: number }>, where: string): Promise<ConnectionCheck> {
  try {
    const answer = await knock;
    return passed('redis_port', `Redis answers at ${where}.`, Math.round(answer.roundTripMs * 10) / 10);
  } catch (error) {
    return failed(
      'redis_port',
      messageOf(error),
      `Open the port in main's firewall for this server, and let Redis bind to it.`,
    );
  }
}

export function checkDiskRoom(freeBytes: number | null, mainsBytes: number): ConnectionCheck {
  const wanted = Math.ceil(mainsBytes * diskHeadroom);
  if (freeBytes === null) {
    const fix = 'Check by hand that the disk of PostgreSQL has room for main’s database beside the old one.';
    return warned(
      'disk_room',
      `The free space cannot be read from here; main's database takes ${gigabytes(mainsBytes)}.`,
      fix,
    );
  }
  const detail = `Main's database takes ${gigabytes(mainsBytes)}; this server has ${gigabytes(freeBytes)} free.`;
  if (freeBytes >= wanted) return passed('disk_room', detail);
  return failed('disk_room', detail, `Free at least ${gigabytes(wanted)}: the old data is kept until you delete it.`);
}

export function checkLimits(own: PostgresLimits | null, mains: PostgresLimits): ConnectionCheck {
  if (own === null)
    return failed('database_limits', "This server's own PostgreSQL does not answer.", 'Start it, then test again.');
  const names = Object.keys(mains) as (keyof PostgresLimits)[];
  const low = names.filter((name) => own[name] < mains[name]);
  if (low.length === 0) return passed('database_limits', "This server's PostgreSQL limits are at least main's.");
  const list = low.map((name) => `${name} is ${String(own[name])} here and ${String(mains[name])} on main`).join('; ');
  // A private data directory brings main's limits along with the clone; one with its settings in /etc does not.
  const fix = `Raise ${low.join(', ')} in this server's postgresql.conf: a standby with lower limits than its main does not start.`;
  return failed('database_limits', `${list}.`, fix);
}

function gigabytes(bytes: number): string {
  return bytes < 1e9 ? `${String(Math.ceil(bytes / 1e6))} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

/** What a preflight alone tells. */
export function checkPreflight(
  preflight: PreflightReply,
  own: { version: string; postgresVersionNum: number | null; nowMs: number; roundTripMs: number },
): ConnectionCheck[] {
  return [
    passed('main_role', `"${preflight.display_name}" is a main server.`),
    checkPanelVersion(own.version, preflight.version),
    checkPostgresVersion(own.postgresVersionNum, preflight.postgres_version_num),
    checkClock(Date.parse(preflight.server_time) + own.roundTripMs / 2 - own.nowMs),
  ];
}
