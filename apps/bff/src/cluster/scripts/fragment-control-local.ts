/** Stopping, starting, asking and cloning for a PostgreSQL of this machine's own processes. */
import { bash } from './bash-template.ts';

export const localControlFragment = bash`
# PostgreSQL that runs as processes of this machine (pg_ctl and pg_ctlcluster).

control_tools() { need_tools setpriv setsid; }

run_as_mover() { "$@"; }

# fd 9 is the lock: a server or a clone that outlives this script must not keep it.
run_as_owner() {
  if [[ $EUID -eq 0 ]]; then
    setpriv --reuid="$OWNER_UID" --regid="$OWNER_GID" --init-groups -- "$@" 9<&-
  else
    "$@" 9<&-
  fi
}

run_with_passfile() { PGPASSFILE=$PASSFILE run_as_owner "$@" </dev/null; }

give_passfile_to_owner() {
  if [[ $EUID -eq 0 ]]; then chown -R "$OWNER_UID:$OWNER_GID" "$WORK"; fi
}

check_user() {
  if [[ -z $OWNER_UID ]]; then
    [[ $EUID -eq 0 ]] && fail 2 "There is no PostgreSQL data directory at $DATA_DIR."
    fail 2 "This script must be run as root or as the owner of PostgreSQL's data; you are \"$(id -un)\" and cannot see $DATA_DIR. Run: sudo bash $SCRIPT_PATH"
  fi
  if [[ $EUID -ne 0 && $EUID -ne $OWNER_UID ]]; then
    fail 2 "This script must be run as root or as \"$OWNER\", the owner of $DATA_DIR; you are \"$(id -un)\". Run: sudo bash $SCRIPT_PATH"
  fi
}

control_ask_main() { "$\{BIN_PREFIX}pg_isready" -q -t 10 -h "$MAIN_HOST" -p "$MAIN_PORT"; }

postmaster_pid() { sed -n 1p "$DATA_DIR/postmaster.pid" 2>/dev/null; }

find_programs() {
  local pid candidate version=$\{LOCAL_VERSION:-$MAJOR}
  local -a candidates=()
  if [[ -n $\{PROXPANEL_PG_BINDIR:-} ]]; then
    candidates=("$PROXPANEL_PG_BINDIR")
  else
    pid=$(postmaster_pid) || pid=
    if [[ -n $pid ]]; then candidates+=("$(dirname "$(readlink "/proc/$pid/exe" || echo /none/none)")"); fi
    candidates+=("/usr/lib/postgresql/$version/bin" "/usr/pgsql-$version/bin" /usr/local/pgsql/bin /usr/local/bin /usr/bin)
  fi
  for candidate in "$\{candidates[@]}"; do
    if [[ -x $candidate/pg_ctl && -x $candidate/pg_basebackup && -x $candidate/postgres && -x $candidate/psql &&
      $("$candidate/pg_basebackup" --version) == *") $version."* ]]; then
      BIN_PREFIX=$candidate/
      return 0
    fi
  done
  fail 2 "PostgreSQL $version's programs (pg_ctl, pg_basebackup, postgres, psql) were not found in: $\{candidates[*]}. Set PROXPANEL_PG_BINDIR."
}

control_is_running() { run_as_owner "$\{BIN_PREFIX}pg_ctl" status -D "$DATA_DIR" >/dev/null 2>&1; }

# Where the server writes what it says before its own log is open; the same file is used again.
find_log() {
  local pid file
  pid=$(postmaster_pid) || return 0
  file=$(readlink "/proc/$pid/fd/1") || return 0
  if [[ -f $file ]]; then LOG_FILE=$file; fi
}

control_log_tail() {
  if [[ -n $LOG_FILE && -r $LOG_FILE ]]; then tail -n 15 "$LOG_FILE"; fi
}

control_sql() { # user; SQL on standard input
  PGCONNECT_TIMEOUT=5 PGOPTIONS='-c statement_timeout=10s' run_as_owner "$\{BIN_PREFIX}psql" -XAtqw \
    -v ON_ERROR_STOP=1 -v "slot=$SLOT" -h "$SQL_HOST" -p "$SQL_PORT" -U "$1" -d postgres -f - 2>/dev/null
}

control_process_titles() {
  local pid
  pid=$(postmaster_pid) || return 0
  ps -o args= --ppid "$pid" 2>/dev/null || true
}

# Of a script that died before the kernel was asked to end the clone with it, nobody hears any more: so this looks.
WITH_PARENT=$(
  cat <<'WITH_PARENT'
test "$PPID" = "$0" || exit 1
exec "$@"
WITH_PARENT
)

# In a session of its own, so that the whole of it can be ended; the kernel ends it when this script
# dies without a word (SIGKILL), so that nothing goes on writing where the old data come back.
control_clone() { # file for what it says, program, its arguments
  local parent=$BASHPID
  local -a as=(setsid setpriv --pdeathsig TERM)
  if [[ $EUID -eq 0 ]]; then as+=("--reuid=$OWNER_UID" "--regid=$OWNER_GID" --init-groups); fi
  PGPASSFILE=$PASSFILE "$\{as[@]}" -- sh -c "$WITH_PARENT" "$parent" "$\{@:2}" </dev/null 2>"$1" 9<&- &
  wait "$!"
}

# Finds the clone (pg_basebackup, cp or pg_rewind) by what it writes to, which also finds one that a killed run left behind.
clone_processes() {
  local process argument
  local -a arguments
  for process in /proc/[0-9]*; do
    mapfile -d '' -t arguments 2>/dev/null <"$process/cmdline" || continue
    for argument in "$\{arguments[@]}"; do
      case $argument in
        "--pgdata=$DATA_DIR" | "--pgdata=$DATA_DIR/.join-"* | \
          "--target-pgdata=$DATA_DIR" | "--target-pgdata=$DATA_DIR/.join-"* | \
          "$DATA_DIR/." | "$DATA_DIR/.join-"*/.)
          printf '%s\n' "$\{process#/proc/}"
          break
          ;;
      esac
    done
  done
}

control_kill_clone() {
  local round signal=TERM
  local -a found
  for round in {1..100}; do
    mapfile -t found < <(clone_processes)
    if (($\{#found[@]} == 0)); then return 0; fi
    if ((round > 50)); then signal=KILL; fi
    kill -s "$signal" "$\{found[@]}" 2>/dev/null || true
    sleep 0.1
  done
  warn "The clone still runs: process $\{found[*]}"
  return 1
}
`;
