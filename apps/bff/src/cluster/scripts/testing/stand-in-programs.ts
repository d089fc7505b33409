/** PostgreSQL's programs with one that fails, hangs or does something else first. */
import { chmod, chown, mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { postgresAccount } from '@proxpanel/testbed/placement';
import type { JoinFixture } from './join-fixture.ts';

/** A directory of PostgreSQL's programs in which one is replaced by a shell script; PROXPANEL_PG_BINDIR points to it. */
export async function programsWith(fixture: JoinFixture, program: string, body: string): Promise<string> {
  const directory = await mkdtemp(join(fixture.workspace.directory, `programs-${program}-`));
  await chmod(directory, 0o755);
  for (const name of ['pg_ctl', 'pg_basebackup', 'pg_rewind', 'pg_controldata', 'pg_isready', 'postgres', 'psql']) {
    const real = join(fixture.main.binDirectory, name);
    if (name === program) await writeFile(join(directory, name), `#!/bin/bash\nreal=${real}\n${body}`, { mode: 0o755 });
    else await symlink(real, join(directory, name));
  }
  const account = postgresAccount();
  await chown(directory, account.uid, account.gid);
  return directory;
}

/** A program that works until it is ended, and leaves no child behind that would hold the script's output. */
export const endless = 'while :; do read -rt 1 <> <(:) || true; done\n';

/** pg_ctl, but for the first call of this action. */
export function failsOnce(action: 'start' | 'stop'): string {
  const flag = '"$(dirname "$0")/failed-once"';
  return `if [[ $1 == ${action} && ! -e ${flag} ]]; then : >${flag}; exit 1; fi\nexec "$real" "$@"\n`;
}

/** A directory for the front of PATH whose `setpriv` does its work for this program only once the calling script is dead. */
export async function setprivAfterDeath(fixture: JoinFixture, program: string): Promise<string> {
  const directory = join(fixture.workspace.directory, `setpriv-${program}`);
  await mkdir(directory);
  // By the name of the script in its arguments: an orphan's next parent, the machine's first process, never ends.
  const lives = `grep -qaF ${fixture.workspace.directory} "/proc/$PPID/cmdline" 2>/dev/null`;
  const body = `case "$*" in *"/${program} "*) while ${lives}; do sleep 0.02; done ;; esac`;
  await writeFile(join(directory, 'setpriv'), `#!/bin/bash\n${body}\nexec /usr/bin/setpriv "$@"\n`, { mode: 0o755 });
  return directory;
}
