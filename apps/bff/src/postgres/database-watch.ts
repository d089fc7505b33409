/** What the local PostgreSQL is right now, by one short query on a connection that is kept (DESIGN §2, "effective role"). */
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { DatabaseView, DatabaseWatchPort, LogPort, ClockPort } from '../cluster/ports.ts';
import { messageOf } from '../fault.ts';
import type { Connections } from './connection.ts';
import { downSentence, isLoginRefused, isNotRunning, isStarting } from './faults.ts';
import { beingStopped, clientConfig } from './pool.ts';

export interface DatabaseWatch extends DatabaseWatchPort {
  /** Looks again and again until aborted: a promotion or a start by other hands pushes nothing. */
  run(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export interface DatabaseWatchOptions {
  readonly connections: Connections;
  readonly clock: ClockPort;
  readonly log: LogPort;
  /** Pause of `run` while the database is up. Default 1 000; a quarter of it while it is not. */
  readonly intervalMs?: number;
}

/** One look, connecting included. */
const LOOK_LIMIT_MS = 2_000;

// The insert timeline is in the WAL file's name; in recovery it is the highest of what was replayed and received.
const LOOK_SQL = `
  SELECT in_recovery, version_num, version_text, data_directory, is_superuser, system_identifier,
         CASE WHEN in_recovery THEN greatest(
                (SELECT timeline_id FROM pg_control_checkpoint()),
                (SELECT min_recovery_end_timeline FROM pg_control_recovery()),
                (SELECT received_tli FROM pg_stat_wal_receiver))
              ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int END AS timeline
    FROM (SELECT pg_is_in_recovery() AS in_recovery,
                 current_setting('server_version_num')::int AS version_num,
                 current_setting('server_version') AS version_text,
                 current_setting('data_directory') AS data_directory,
                 current_setting('is_superuser') = 'on' AS is_superuser,
                 (SELECT system_identifier::text FROM pg_control_system()) AS system_identifier) AS seen`;

/** A role that is no superuser may not read the control file; everything else is the same. */
const PLAIN_LOOK_SQL = `
  SELECT pg_is_in_recovery() AS in_recovery, current_setting('server_version_num')::int AS version_num,
         current_setting('server_version') AS version_text, NULL AS data_directory, false AS is_superuser,
         NULL AS system_identifier, NULL::int AS timeline`;

interface LookRow {
  in_recovery: boolean;
  version_num: number;
  version_text: string;
  data_directory: string | null;
  is_superuser: boolean;
  system_identifier: string | null;
  timeline: number | null;
}

/**
 * Makes the watch; its first view is `starting` until `look` has been called. Every lost connection and every 25006 of
 * the pools makes it look at once, so that a role change is pushed and not found out by polling (DESIGN §10).
 */
export function createDatabaseWatch(options: DatabaseWatchOptions): DatabaseWatch {
  return new Watch(options);
}

class Watch implements DatabaseWatch {
  readonly #options: DatabaseWatchOptions;
  readonly #listeners = new Set<(view: DatabaseView, before: DatabaseView) => void>();
  readonly #stopListening: (() => void)[];
  #client: pg.Client | null = null;
  #view: DatabaseView;
  #running: Promise<DatabaseView> | null = null;
  #queued: Promise<DatabaseView> | null = null;
  #closed = false;

  constructor(options: DatabaseWatchOptions) {
    this.#options = options;
    this.#view = {
      ...nothingKnown,
      state: 'starting',
      refused: false,
      sentence: 'PostgreSQL has not been looked at yet.',
      lookedAtMs: options.clock.nowMs(),
    };
    const look = (): void => void this.look();
    this.#stopListening = [options.connections.cluster.onTrouble(look), options.connections.panel.onTrouble(look)];
  }

  view(): DatabaseView {
    return this.#view;
  }

  /** One look runs and at most one waits: whoever asks gets a look that began after the asking. */
  look(): Promise<DatabaseView> {
    if (this.#running === null) return this.#start();
    this.#queued ??= this.#running.then(() => {
      this.#queued = null;
      return this.#start();
    });
    return this.#queued;
  }

  async hush(): Promise<() => void> {
    const [speakAgain] = await Promise.all([this.#options.connections.hush(), this.#forget()]);
    return speakAgain;
  }

  onChange(listener: (view: DatabaseView, before: DatabaseView) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async run(signal: AbortSignal): Promise<void> {
    const intervalMs = this.#options.intervalMs ?? 1_000;
    while (!signal.aborted) {
      const { state } = await this.look();
      const up = state === 'writable' || state === 'recovery';
      // The abort ends the pause by a rejection, and the loop by its condition.
      await delay(up ? intervalMs : intervalMs / 4, undefined, { signal }).catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const stop of this.#stopListening) stop();
    await this.#running;
    // Not waited for: a server that hangs never says goodbye.
    void this.#forget();
  }

  #start(): Promise<DatabaseView> {
    this.#running = this.#lookNow().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #lookNow(): Promise<DatabaseView> {
    if (this.#closed) return this.#view;
    const seen = await this.#ask();
    const before = this.#view;
    this.#view = { ...seen, lookedAtMs: this.#options.clock.nowMs() };
    if (isSame(before, this.#view)) return this.#view;
    this.#options.log.info({ from: before.state, to: this.#view.state }, this.#view.sentence);
    for (const listener of this.#listeners) {
      try {
        listener(this.#view, before);
      } catch (error) {
        this.#options.log.error({ reason: messageOf(error) }, 'a listener of the database watch failed');
      }
    }
    return this.#view;
  }

  async #ask(): Promise<Omit<DatabaseView, 'lookedAtMs'>> {
    const deadlineMs = performance.now() + LOOK_LIMIT_MS;
    const kept = this.#client;
    try {
      const row = await this.#query(deadlineMs);
      return viewOf(row);
    } catch (error) {
      void this.#forget();
      // The kept connection may have died with the old server while a new one answers already.
      if (kept !== null && !/timeout/i.test(messageOf(error))) return this.#ask();
      return faultView(error);
    }
  }

  async #query(deadlineMs: number): Promise<LookRow> {
    const client = (this.#client ??= await this.#connect(deadlineMs));
    const ask = async (text: string): Promise<LookRow> => {
      const result = await client.query<LookRow>({ text, query_timeout: remaining(deadlineMs) } as pg.QueryConfig);
      const [row] = result.rows;
      if (row === undefined) throw new Error('PostgreSQL answered a look with nothing');
      return row;
    };
    try {
      return await ask(LOOK_SQL);
    } catch (error) {
      // A promotion between the two halves of the query, or a login that may not read the control file.
      if (error instanceof pg.DatabaseError && error.code === '42501') return ask(PLAIN_LOOK_SQL);
      if (error instanceof pg.DatabaseError && error.code === '55000') return ask(LOOK_SQL);
      throw error;
    }
  }

  async #connect(deadlineMs: number): Promise<pg.Client> {
    if (this.#options.connections.isHushed()) throw new Error(beingStopped);
    let refusal: Error | null = null;
    for (const target of this.#options.connections.clusterTargets()) {
      const client = new pg.Client({
        ...clientConfig(target, { applicationName: 'proxpanel-cluster', statementTimeoutMs: LOOK_LIMIT_MS }),
        connectionTimeoutMillis: remaining(deadlineMs),
      });
      // While it lies idle, only this tells that the server went away: look at once.
      client.on('error', () => {
        if (this.#client === client) void this.look();
      });
      try {
        await client.connect();
        return client;
      } catch (error) {
        if (!isLoginRefused(error)) throw error;
        refusal ??= error as Error;
      }
    }
    throw refusal ?? new Error('DATABASE_URL names no login');
  }

  async #forget(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    if (client === null) return;
    await client.end().catch((error: unknown) => {
      this.#options.log.info({ reason: messageOf(error) }, 'the watched connection was already closed');
    });
  }
}

const nothingKnown = {
  versionNum: null,
  versionText: null,
  systemIdentifier: null,
  timeline: null,
  dataDirectory: null,
  isSuperuser: null,
};

/** At least a moment, so that a late look fails by its own time-out and not by an argument of 0 ("no limit"). */
const remaining = (deadlineMs: number): number => Math.max(50, Math.round(deadlineMs - performance.now()));

function viewOf(row: LookRow): Omit<DatabaseView, 'lookedAtMs'> {
  return {
    state: row.in_recovery ? 'recovery' : 'writable',
    refused: false,
    sentence: row.in_recovery ? 'PostgreSQL is in recovery: read-only.' : 'PostgreSQL takes writes.',
    versionNum: row.version_num,
    versionText: row.version_text,
    systemIdentifier: row.system_identifier,
    timeline: row.timeline,
    dataDirectory: row.data_directory,
    isSuperuser: row.is_superuser,
  };
}

function faultView(error: unknown): Omit<DatabaseView, 'lookedAtMs'> {
  const state = isStarting(error) ? 'starting' : 'down';
  return { ...nothingKnown, state, refused: isNotRunning(error), sentence: downSentence(error) };
}

function isSame(left: DatabaseView, right: DatabaseView): boolean {
  return (Object.keys(left) as (keyof DatabaseView)[]).every((key) => key === 'lookedAtMs' || left[key] === right[key]);
}
