/** Options, failures, phases and quoting of setup_replica.sh (DESIGN §6.5). */
import { bash } from './bash-template.ts';

export const basicsFragment = bash`
usage() {
  cat <<'USAGE'
Usage: bash setup_replica.sh [--dry-run | --rollback [--force] | --help]

Replaces this server's PostgreSQL data by a clone of the main server's and follows it from then on.
The old data directory is moved aside, never deleted, and put back by itself when anything fails.

  (no option)  checks everything, then stops PostgreSQL, clones, starts, and waits for streaming.
               After an interrupted run it first puts the old data back. Run again while streaming
               from this main it does nothing.
  --dry-run    makes every check that needs no password (that one works only once) and says what
               would be done. Changes nothing.
  --rollback   puts the old data back after a run that was interrupted (power cut, SIGKILL).
  --force      with --rollback: also after a run that succeeded. Leave the cluster in the panel
               first. The clone is kept beside the old data, not deleted.
  --help       this text.

Environment:
  PROXPANEL_PG_BINDIR       directory of PostgreSQL's programs, if they are not found by themselves
  PROXPANEL_MAX_RATE        limit of the clone's speed, as pg_basebackup --max-rate wants it (e.g. 20M)
  PROXPANEL_STREAM_TIMEOUT  seconds to wait until the new replica streams (default 300)

Exit codes:
  0    streaming from main, or there was nothing to do, or the rollback was done
  1    failed after PostgreSQL was stopped; the old database is back
  2    refused, nothing was changed (wrong user, a failed check, a wrong option)
  3    the one-time token is spent or has expired, nothing was changed
  4    the old database could not be put back by itself: read what was printed
  5    another run of this script is working on this database
  129, 130, 143   ended by a signal (HUP, INT, TERM); the old database is back
USAGE
}

say() { printf '%s\n' "$*"; }

# fail CODE SENTENCE. The EXIT trap does the rest: reports it and, when needed, puts the old data back.
# Not to be called in a subshell, which it would end instead of the script.
fail() {
  FAILURE=$2
  warn "setup_replica.sh: $2"
  exit "$1"
}

parse_arguments() {
  local argument
  for argument in "$@"; do
    case $argument in
      --dry-run) ACTION=dry_run ;;
      --rollback) ACTION=rollback ;;
      --force) FORCE=yes ;;
      --help | -h)
        usage
        exit 0
        ;;
      *)
        warn "setup_replica.sh: unknown option: $argument (see --help)"
        exit 2
        ;;
    esac
  done
  if [[ $FORCE == yes && $ACTION != rollback ]]; then
    warn 'setup_replica.sh: --force belongs to --rollback (see --help)'
    exit 2
  fi
}

need_tools() {
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || fail 2 "The program \"$tool\" is missing on this server: install it and run this script again."
  done
}

begin_phase() {
  PHASE=$1
  say "[$1] $2"
  report "$1" running "$2"
}

# Told together with the beginning of the next phase, or with the failure: starting one program for both.
end_phase() {
  say "[$PHASE] $1"
  WAITING_REPORT=("$PHASE" completed "$1")
}

# A value inside a connection string (libpq): quoted, \ and ' escaped with a backslash.
conninfo_value() {
  local value=$1 backslash=$'\\' quote="'"
  value=$\{value//"$backslash"/"$backslash$backslash"}
  value=$\{value//"$quote"/"$backslash$quote"}
  printf "'%s'" "$value"
}

# A line of postgresql.auto.conf: quoted as ALTER SYSTEM does it, ' and \ doubled.
setting_line() {
  local value=$2 backslash=$'\\' quote="'"
  value=$\{value//"$backslash"/"$backslash$backslash"}
  value=$\{value//"$quote"/"$quote$quote"}
  printf "%s = '%s'\n" "$1" "$value"
}
`;
