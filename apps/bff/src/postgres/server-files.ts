/**
 * Commands and files of PostgreSQL's own server, by `COPY … TO PROGRAM`: that works in recovery, needs no commit (which
 * could hang without its synchronous standby, SAFETY §1) and reaches a database in another container. Commands are fixed
 * texts of this room; what varies goes in as base64 on standard input, never into the command.
 */
import pg from 'pg';
import { Fault } from '../fault.ts';
import { sqlState } from './faults.ts';
import type { Session } from './session.ts';

/** With these the value of a bind parameter stands in no log, whatever the server's own settings are. */
const QUIET_SQL = `
  SET log_statement = 'none'; SET log_duration = off; SET log_min_duration_statement = -1;
  SET log_min_duration_sample = -1; SET log_transaction_sample_rate = 0; SET log_min_error_statement = 'panic';
  SET log_parameter_max_length = 0; SET log_parameter_max_length_on_error = 0`;

/**
 * Runs a shell command as PostgreSQL's user in its data directory.
 *
 * @param input given to the command as base64 on its standard input.
 * @throws Fault HOST_FAULT when the command fails; its own words are in PostgreSQL's log.
 */
export async function runOnServer(session: Session, command: string, input: Buffer | null = null): Promise<void> {
  const source = input === null ? 'SELECT 1 WHERE false' : `SELECT ${pg.escapeLiteral(input.toString('base64'))}`;
  await copyToProgram(session, source, command);
}

/**
 * Like `runOnServer` for an input that is a secret: a COPY takes no parameters and its text may be logged, so the input
 * travels as a bind parameter into a setting of this session, with the logging of parameters switched off before it.
 * The session has to be discarded afterwards.
 */
export async function runOnServerWithSecret(session: Session, command: string, input: Buffer): Promise<void> {
  await session.query(QUIET_SQL);
  await session.query("SELECT set_config('proxpanel.input', $1, false) IS NOT NULL AS done", [
    input.toString('base64'),
  ]);
  await copyToProgram(session, "SELECT current_setting('proxpanel.input')", command);
}

async function copyToProgram(session: Session, source: string, command: string): Promise<void> {
  try {
    await session.query(`COPY (${source}) TO PROGRAM ${pg.escapeLiteral(command)}`);
  } catch (error) {
    if (sqlState(error) !== '38000') throw error;
    const detail = error instanceof pg.DatabaseError ? (error.detail ?? error.message) : '';
    throw new Fault('HOST_FAULT', `A command on PostgreSQL's server failed (${detail}); its log says more.`, {
      cause: error,
    });
  }
}

/** One word of a POSIX shell command. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
