/** One consistent look at WAL on this server: what lag, loss forecasts and the clone's percentage are made from. */
import type { ClockPort } from '../cluster/ports.ts';
import type { WalPositions } from '../cluster/postgres-ports.ts';
import { Fault } from '../fault.ts';
import type { DatabasePool } from './pool.ts';
import { parseLsn } from './sql-types.ts';

interface SenderJson {
  application_name: string;
  client_address: string | null;
  state: string;
  sent_lsn: string | null;
  flush_lsn: string | null;
  replay_lsn: string | null;
  reply_age_ms: number | null;
}

interface ReceiverJson {
  status: string;
  latest_end_lsn: string | null;
  last_message_age_ms: number | null;
  sender_host: string | null;
  timeout_ms: number;
}

interface CloneJson {
  application_name: string;
  client_address: string | null;
  phase: string;
  streamed_bytes: number;
  total_bytes: number | null;
}

interface PositionsRow {
  in_recovery: boolean;
  current_lsn: string | null;
  receive_lsn: string | null;
  replay_lsn: string | null;
  senders: SenderJson[];
  receiver: ReceiverJson | null;
  slots: { name: string; active: boolean; restart_lsn: string | null }[];
  clones: CloneJson[];
}

const ageMs = (column: string): string => `extract(epoch FROM clock_timestamp() - ${column}) * 1000`;

// After a restart PostgreSQL reports the receive position from the start of a segment, which may lie before what has
// been replayed; what was replayed has been received, so the later of the two is what this server holds.
const POSITIONS_SQL = `
  SELECT pg_is_in_recovery() AS in_recovery,
         CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_lsn()::text END AS current_lsn,
         CASE WHEN pg_is_in_recovery()
              THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())::text END AS receive_lsn,
         CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()::text END AS replay_lsn,
         (SELECT coalesce(json_agg(json_build_object(
                   'application_name', application_name, 'client_address', host(client_addr), 'state', state,
                   'sent_lsn', sent_lsn::text, 'flush_lsn', flush_lsn::text, 'replay_lsn', replay_lsn::text,
                   'reply_age_ms', ${ageMs('reply_time')})), '[]') FROM pg_stat_replication) AS senders,
         (SELECT json_build_object(
                   'status', status, 'latest_end_lsn', latest_end_lsn::text, 'sender_host', sender_host,
                   'last_message_age_ms', ${ageMs('last_msg_receipt_time')},
                   'timeout_ms', extract(epoch FROM current_setting('wal_receiver_timeout')::interval) * 1000)
            FROM pg_stat_wal_receiver) AS receiver,
         (SELECT coalesce(json_agg(json_build_object(
                   'name', slot_name, 'active', active, 'restart_lsn', restart_lsn::text) ORDER BY slot_name), '[]')
            FROM pg_replication_slots) AS slots,
         (SELECT coalesce(json_agg(json_build_object(
                   'application_name', coalesce(application_name, ''), 'client_address', host(client_addr),
                   'phase', phase, 'streamed_bytes', backup_streamed, 'total_bytes', backup_total)), '[]')
            FROM pg_stat_progress_basebackup LEFT JOIN pg_stat_activity USING (pid)) AS clones`;

/** Positions now, in recovery or not, in one round trip. Faults: DATABASE_DOWN. */
export async function readPositions(pool: DatabasePool, clock: ClockPort): Promise<WalPositions> {
  const row = await readRow(pool).catch((error: unknown) => {
    // The server left or entered recovery inside the query: the second answer is of one state.
    if (error instanceof Fault && error.code === 'INTERNAL') return readRow(pool);
    throw error;
  });
  return {
    inRecovery: row.in_recovery,
    currentLsn: parseLsn(row.current_lsn),
    receiveLsn: parseLsn(row.receive_lsn),
    replayLsn: parseLsn(row.replay_lsn),
    senders: row.senders.map(senderOf),
    receiver: row.receiver === null ? null : receiverOf(row.receiver),
    slots: row.slots.map((slot) => ({
      name: slot.name,
      active: slot.active,
      restartLsn: parseLsn(slot.restart_lsn),
    })),
    clones: row.clones.map(cloneOf),
    atMs: clock.nowMs(),
  };
}

async function readRow(pool: DatabasePool): Promise<PositionsRow> {
  const [row] = await pool.query<PositionsRow>(POSITIONS_SQL);
  if (row === undefined) throw new Fault('INTERNAL', 'PostgreSQL answered with no positions.');
  return row;
}

function senderOf(json: SenderJson): WalPositions['senders'][number] {
  return {
    applicationName: json.application_name,
    clientAddress: json.client_address,
    state: json.state,
    sentLsn: parseLsn(json.sent_lsn),
    flushLsn: parseLsn(json.flush_lsn),
    replayLsn: parseLsn(json.replay_lsn),
    replyAgeMs: json.reply_age_ms,
  };
}

function receiverOf(json: ReceiverJson): NonNullable<WalPositions['receiver']> {
  return {
    status: json.status,
    latestEndLsn: parseLsn(json.latest_end_lsn),
    lastMessageAgeMs: json.last_message_age_ms,
    senderHost: json.sender_host,
    timeoutMs: json.timeout_ms,
  };
}

function cloneOf(json: CloneJson): WalPositions['clones'][number] {
  const { total_bytes: total, streamed_bytes: streamed } = json;
  // The total is an estimate made at the start; the database may grow past it.
  const percent = total === null || total === 0 ? null : Math.min(100, (streamed / total) * 100);
  return {
    applicationName: json.application_name,
    clientAddress: json.client_address,
    phase: json.phase,
    streamed_bytes: streamed,
    total_bytes: total,
    percent,
  };
}
