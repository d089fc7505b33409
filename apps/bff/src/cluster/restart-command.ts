/** The command that restarts PostgreSQL on this server, for people: some settings need more than a reload (DESIGN §6.1). */
import type { PostgresControl } from './scripts/postgres-control.ts';

export function restartCommand(control: PostgresControl | null): string {
  switch (control?.kind) {
    case 'docker':
      return `docker restart ${control.container}`;
    case 'pg_ctlcluster':
      return `pg_ctlcluster ${control.version} ${control.name} restart`;
    case 'pg_ctl':
      return `pg_ctl -D ${control.dataDirectory} -m fast restart`;
    case 'supervised':
    case undefined:
      return 'systemctl restart postgresql';
  }
}
