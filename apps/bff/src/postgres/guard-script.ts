/**
 * The guard (SAFETY §3): a loop of POSIX sh beside PostgreSQL that shuts a writer whose deadline has passed, with nobody's
 * help. It runs detached, so that no COPY waits for it: that would hold an xmin and stop vacuum.
 */
import { WRITE_STANDBY_SIGNAL } from './standby-signal.ts';

/** Boot clock of this machine in ms, one line; written by the BFF at each renewal. Missing: nothing to guard. */
export const DEADLINE_FILE = 'proxpanel.deadline';
/** "pid start": which process the guard is. The start, in ticks since boot, tells a reused number apart. */
export const GUARD_FILE = 'proxpanel.guard';
/** The deadline at which it fenced last. */
export const FENCED_FILE = 'proxpanel.fenced';
/** $0 of the guard, by which people and the count of PostgreSQL's processes know it. */
export const GUARD_NAME = 'proxpanel-guard';

// What it must never do: hold a descriptor of the backend that started it (a client would never see its connection's
// end, the log's collector never its own), and end by a signal: where the postmaster is a container's first process it
// inherits this one, and takes a violent end for a crash of its own.
//
// Writes are possible exactly while there is a walwriter, so that is what is looked for: no client can be mistaken for
// it, and a server that is in recovery already, by whatever way, is left alone. For a minute after the deadline one that
// appears is ended as well: a promotion may have been under way.
const SCRIPT = `
if (eval 'exec 10>&-') 2>/dev/null; then many='*'; else many='?'; fi
for fd in /proc/$$/fd/*; do
  fd=\${fd##*/}
  case $fd in [012]) ;; $many) eval "exec $fd>&-" ;; esac
done
trap 'exit 0' TERM INT
trap '' HUP
if command -v flock >/dev/null; then
  exec 9>${GUARD_FILE}.lock
  # The last one's pause may outlive it and hold the lock for its rest.
  flock -n 9 || { sleep 1; flock -n 9 || exit 0; }
fi
read -r stat </proc/$$/stat
set -- \${stat##*) }
echo "$$ \${20}" >${GUARD_FILE}.new && mv -f ${GUARD_FILE}.new ${GUARD_FILE} || exit 1

now_ms() {
  read -r now rest </proc/uptime
  now=\${now%.*}\${now#*.}0
}

find_walwriter() {
  walwriter= postmaster=
  read -r postmaster 2>/dev/null <postmaster.pid || return 0
  case $postmaster in '' | *[!0-9]*) return 0 ;; esac
  for process in /proc/[0-9]*; do
    title=
    read -r title 2>/dev/null <"$process/cmdline"
    case $title in 'postgres: walwriter' | 'postgres: '*': walwriter') ;; *) continue ;; esac
    stat=
    read -r stat 2>/dev/null <"$process/stat"
    set -- \${stat##*) }
    if [ "$2" = "$postmaster" ] && [ "$1" != Z ]; then walwriter=\${process#/proc/}; fi
  done
}

deadline=
while [ -e ${DEADLINE_FILE} ]; do
  # The clock first: held up between the two, it must not take an old time's deadline for a missed one.
  now_ms
  read=
  read -r read 2>/dev/null <${DEADLINE_FILE}
  case $read in '' | *[!0-9]*) ;; *) deadline=$read ;; esac
  if [ -n "$deadline" ] && [ "$now" -ge "$deadline" ]; then
    [ -e standby.signal ] || { ${WRITE_STANDBY_SIGNAL}; } </dev/null
    find_walwriter
    if [ -n "$walwriter" ] && [ -e standby.signal ]; then
      kill -9 "$walwriter" && mv -f ${DEADLINE_FILE} ${FENCED_FILE}
    elif [ -n "$walwriter" ]; then
      # Not even an empty file could be made: better no database than a second writer.
      kill -QUIT "$postmaster"
    elif [ "$now" -ge $((deadline + 60000)) ]; then
      rm -f ${DEADLINE_FILE}
    fi
  fi
  sleep 0.2 || sleep 1
done
exit 0
`;

/**
 * Starts it for the working directory, which is the data directory, and ends at once. bash where there is one, since
 * Debian's sh cannot close descriptors above 9; busybox's can.
 *
 * @param word quotes one word for the shell.
 */
export function startGuardCommand(word: (text: string) => string): string {
  const start = `"$shell" -c ${word(SCRIPT)} ${GUARD_NAME} </dev/null >/dev/null 2>&1 &`;
  return `shell=$(command -v bash || command -v sh); if command -v setsid >/dev/null; then setsid ${start} else ${start} fi`;
}
