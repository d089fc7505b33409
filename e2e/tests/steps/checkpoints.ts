import process from 'node:process';
import type { PostgresServer } from '@proxpanel/testbed/postgres-server';

/**
 * Runs `use` while that PostgreSQL can finish no checkpoint, which holds every base backup at its beginning: the way to
 * see what a fast clone shows for a moment only.
 */
export async function withCheckpointsHeld<Result>(
  postgres: PostgresServer,
  use: () => Promise<Result>,
): Promise<Result> {
  const [row] = await postgres.query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'`,
  );
  if (row === undefined) throw new Error('PostgreSQL has no checkpointer');
  process.kill(row.pid, 'SIGSTOP');
  try {
    return await use();
  } finally {
    process.kill(row.pid, 'SIGCONT');
  }
}
