/** The command that restarts PostgreSQL on this server, for people: some settings need more than a reload (DESIGN §6.1). */
import type { DatabaseView } from './ports.ts';
import type { PostgresControl } from './scripts/postgres-control.ts';

/** To be pasted into a root shell. `majorVersion` finds Debian's pg_ctl, which is not on the PATH. */
export function restartCommand(control: PostgresControl | null, majorVersion: number): string {
  switch (control?.kind) {
    case 'docker':
      return `docker restart ${quoted(control.container)}`;
    case 'pg_ctlcluster':
      return `pg_ctlcluster ${control.version} ${quoted(control.name)} restart`;
    case 'pg_ctl': {
      // Root may not run it: it must be the owner of the data.
      const program = `/usr/lib/postgresql/${String(majorVersion)}/bin/pg_ctl`;
      const directory = quoted(control.dataDirectory);
      return `runuser -u "$(stat -c %U ${directory})" -- ${program} -D ${directory} -m fast -l /dev/null restart`;
    }
    case 'supervised':
    case undefined:
      return 'systemctl restart postgresql';
  }
}

/** 15, which the panel is installed with, where the database has not said its own. */
export function majorVersionOf({ versionNum }: Pick<DatabaseView, 'versionNum'>): number {
  return versionNum === null ? 15 : Math.floor(versionNum / 10_000);
}

function quoted(text: string): string {
  return /^[\w./:-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
