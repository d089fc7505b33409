/** Sizes: the whole database cluster, and the file system that it lies on. */
import type { DiskUsage } from '../cluster/postgres-ports.ts';
import type { DatabasePool } from './pool.ts';
import { runOnServer } from './server-files.ts';

const SIZE_TIMEOUT_MS = 60_000;

/** Every database and WAL: about what a base backup copies. Bytes. */
export async function databaseBytes(pool: DatabasePool): Promise<number> {
  const [row] = await pool.query<{ bytes: number }>(
    `SELECT ((SELECT sum(pg_database_size(oid)) FROM pg_database) + (SELECT sum(size) FROM pg_ls_waldir()))::bigint AS bytes`,
    [],
    { timeoutMs: SIZE_TIMEOUT_MS },
  );
  return row?.bytes ?? 0;
}

// 500 characters written over the same block each time: a disk that has filled up in the meantime needs no new one for
// it, and it is then that the figure matters.
const DF_COMMAND = 'd=$(df -Pk .) && printf "%-500s\\n" "$d" 1<> proxpanel.df';

/** df of the data directory as PostgreSQL sees it; null when its df says nothing that can be read. */
export async function dataDirectoryUsage(pool: DatabasePool): Promise<DiskUsage | null> {
  return pool.session(async (session) => {
    await runOnServer(session, DF_COMMAND);
    const [row] = await session.query<{ text: string }>("SELECT pg_read_file('proxpanel.df') AS text");
    return parseDf(row?.text ?? '');
  });
}

/** `df -Pk`: one line of 1 024-blocks total, used, available and the percentage; names before it may hold spaces. */
export function parseDf(text: string): DiskUsage | null {
  const match = /\s([0-9]+)\s+([0-9]+)\s+([0-9]+)\s+[0-9]+%\s/.exec(text);
  if (match === null) return null;
  const used = Number(match[2]);
  const available = Number(match[3]);
  if (used + available === 0) return null;
  // As df itself counts: what is reserved for root is not there to be used.
  return { usedPercent: (used / (used + available)) * 100, freeBytes: available * 1_024 };
}
