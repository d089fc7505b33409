/** The guard's deadline, start and end: `GuardPort` on PostgreSQL's own server (SAFETY §3 "Guard"). */
import { setTimeout as delay } from 'node:timers/promises';
import type { ClockPort } from '../cluster/ports.ts';
import type { GuardPort } from '../cluster/postgres-ports.ts';
import { Fault } from '../fault.ts';
import { DEADLINE_FILE, GUARD_FILE, startGuardCommand } from './guard-script.ts';
import pg from 'pg';
import type { DatabasePool } from './pool.ts';
import { runOnServer, shellWord } from './server-files.ts';

const STARTS_WITHIN_MS = 5_000;
const ENDS_WITHIN_MS = 15_000;
const POLL_MS = 20;
/** Two readings of one clock lie a round trip apart; two machines, or a container with a clock of its own, far more. */
const CLOCKS_APART_MS = 5_000;

interface GuardRow {
  guard: string | null;
  stat: string | null;
  uptime: string;
}

// Files of /proc have no length, so a length is given. The number may be of a process that is gone or another one.
const STATE_SQL = `
  SELECT guard, pg_read_file('/proc/uptime', 0, 100) AS uptime,
         CASE WHEN guard ~ '^[0-9]+ [0-9]+'
              THEN pg_read_file('/proc/' || split_part(guard, ' ', 1) || '/stat', 0, 1000, true) END AS stat
    FROM (SELECT pg_read_file('${GUARD_FILE}', 0, 100, true) AS guard) AS file`;

/** `clock` must be that of the machine on which PostgreSQL runs; `keep` says so when it is not. */
export function createGuard(pool: DatabasePool, clock: ClockPort): GuardPort {
  let dataDirectory: string | null = null;
  const deadlinePath = async (): Promise<string> => {
    dataDirectory ??= await readDataDirectory(pool);
    return `${dataDirectory}/${DEADLINE_FILE}`;
  };
  return {
    async keep(deadlineMs) {
      // By COPY to the file itself: a program would cost a fork of a backend with all its memory at each renewal. The
      // guard takes an empty file, caught between truncation and write, for no news.
      const write = `COPY (SELECT ${Math.floor(deadlineMs)}) TO ${pg.escapeLiteral(await deadlinePath())}`;
      const row = await pool.guard(() => readState(pool, `${write};`));
      assertSameClock(row, clock);
      return isAlive(row) || startGuard(pool);
    },
    async stop() {
      await pool.session((session) => runOnServer(session, `rm -f ${DEADLINE_FILE}`));
      // It ends by itself: one that is killed may look like a crash of PostgreSQL's own.
      const deadlineMs = performance.now() + ENDS_WITHIN_MS;
      while (isAlive(await readState(pool))) {
        if (performance.now() > deadlineMs) {
          throw new Fault('HOST_FAULT', 'The guard beside PostgreSQL did not end within 15 s of being told to.');
        }
        await delay(POLL_MS);
      }
    },
  };
}

async function startGuard(pool: DatabasePool): Promise<boolean> {
  await pool.session((session) => runOnServer(session, startGuardCommand(shellWord)));
  const deadlineMs = performance.now() + STARTS_WITHIN_MS;
  while (performance.now() < deadlineMs) {
    if (isAlive(await readState(pool))) return true;
    await delay(POLL_MS);
  }
  return false;
}

async function readState(pool: DatabasePool, before = ''): Promise<GuardRow> {
  const [row] = await pool.query<GuardRow>(`${before}${STATE_SQL}`);
  if (row === undefined) throw new Fault('INTERNAL', 'PostgreSQL did not say whether the guard lives.');
  return row;
}

/** The very process, neither ended nor stopped: one that is stopped fences nobody. */
function isAlive({ guard, stat }: GuardRow): boolean {
  if (guard === null || stat === null) return false;
  // The command's name stands in brackets and may hold spaces; state is field 3, the start field 22.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[19] === guard.trim().split(' ')[1] && !['Z', 'X', 'T', 't'].includes(fields[0] ?? 'X');
}

function assertSameClock({ uptime }: GuardRow, clock: ClockPort): void {
  const apartMs = Math.abs(Number.parseFloat(uptime) - clock.bootSeconds()) * 1_000;
  if (apartMs <= CLOCKS_APART_MS) return;
  throw new Fault(
    'HOST_FAULT',
    "PostgreSQL's server counts another time since its start than this one: the guard beside it could not know when to fence.",
  );
}

async function readDataDirectory(pool: DatabasePool): Promise<string> {
  const [row] = await pool.query<{ directory: string }>("SELECT current_setting('data_directory') AS directory");
  if (row === undefined) throw new Fault('INTERNAL', 'PostgreSQL did not say where its data are.');
  return row.directory;
}
