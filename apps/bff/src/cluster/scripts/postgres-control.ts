/** POSTGRES_CONTROL: how this server's PostgreSQL is stopped and started (DESIGN §4, SAFETY's "control"). */
import { Fault } from '../../fault.ts';

export type PostgresControl =
  | { readonly kind: 'docker'; readonly container: string }
  | { readonly kind: 'pg_ctlcluster'; readonly version: string; readonly name: string }
  | { readonly kind: 'pg_ctl'; readonly dataDirectory: string }
  /** Something else starts it again after it stops: docker's restart policy, systemd. No script can stop it. */
  | { readonly kind: 'supervised' };

/** A Fault, so that it stops the start with its one line and no stack (DESIGN §4). */
export class InvalidPostgresControl extends Fault {
  constructor(sentence: string) {
    super('HOST_FAULT', sentence);
    this.name = 'InvalidPostgresControl';
  }
}

const forms = 'docker:<container>, pg_ctlcluster:<version>/<name>, pg_ctl:<data directory> or supervised';

/**
 * Reads the environment's POSTGRES_CONTROL; white space around it is ignored.
 *
 * @throws InvalidPostgresControl with one sentence that says what is wrong and what is possible.
 */
export function parsePostgresControl(text: string): PostgresControl {
  const trimmed = text.trim();
  if (trimmed === 'supervised') return { kind: 'supervised' };
  const [, kind, value] = /^(docker|pg_ctlcluster|pg_ctl):(.*)$/su.exec(trimmed) ?? [];
  if (kind === undefined || value === undefined) {
    throw new InvalidPostgresControl(`POSTGRES_CONTROL must be ${forms}, not "${shortened(trimmed)}".`);
  }
  switch (kind) {
    case 'docker':
      return { kind: 'docker', container: containerName(value) };
    case 'pg_ctlcluster':
      return debianCluster(value);
    default:
      return { kind: 'pg_ctl', dataDirectory: absolutePath(value) };
  }
}

function containerName(value: string): string {
  // Docker's own rule for names and ids.
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/u.test(value)) return value;
  throw new InvalidPostgresControl(
    `POSTGRES_CONTROL=docker: needs the name of a container, not "${shortened(value)}".`,
  );
}

function debianCluster(value: string): PostgresControl {
  const [, version, name] = /^(\d{1,2}(?:\.\d)?)\/([A-Za-z0-9_][A-Za-z0-9_.-]{0,62})$/u.exec(value) ?? [];
  if (version !== undefined && name !== undefined) return { kind: 'pg_ctlcluster', version, name };
  throw new InvalidPostgresControl(
    `POSTGRES_CONTROL=pg_ctlcluster: needs <version>/<name>, such as 15/main, not "${shortened(value)}".`,
  );
}

function absolutePath(value: string): string {
  // A control character in a path could not be told apart from the end of a line in postgresql.auto.conf.
  // eslint-disable-next-line no-control-regex -- the control characters are exactly what is refused
  if (/^\/[^\u0000-\u001f\u007f]+$/u.test(value) && value.length <= 1_000) return value.replace(/\/+$/u, '');
  throw new InvalidPostgresControl(
    `POSTGRES_CONTROL=pg_ctl: needs the absolute path of the data directory, not "${shortened(value)}".`,
  );
}

function shortened(text: string): string {
  const line = text.replace(/\p{Cc}+/gu, ' ');
  return line.length > 80 ? `${line.slice(0, 80)}…` : line;
}
