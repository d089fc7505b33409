/** What pg_controldata says of a stopped server. */
import { Fault } from '../fault.ts';
import { parseLsn } from '@proxpanel/failover/lsn';

/**
 * Where the latest checkpoint record begins.
 *
 * @throws Fault HOST_FAULT when it does not say so, or when the server was not shut down in order: its WAL may then go
 * on far beyond its latest checkpoint.
 */
export function latestCheckpointIn(text: string): bigint {
  const state = /^Database cluster state: +(.+?) *$/m.exec(text)?.[1] ?? 'unknown';
  const lsn = /^Latest checkpoint location: +([0-9A-F]{1,8}\/[0-9A-F]{1,8}) *$/m.exec(text)?.[1];
  if (lsn === undefined) throw new Fault('HOST_FAULT', 'pg_controldata does not say where the latest checkpoint is.');
  if (state !== 'shut down' && state !== 'shut down in recovery') {
    throw new Fault('HOST_FAULT', `PostgreSQL was not shut down in order: its control file says "${state}".`);
  }
  return parseLsn(lsn);
}
