/** Options, failures, phases and quoting of the generated scripts (DESIGN §6.5). */
import { bash } from './bash-template.ts';

export const basicsFragment = bash`
say() { printf '%s\n' "$*"; }

# fail CODE SENTENCE. The EXIT trap does the rest: reports it and, when needed, puts the old data back.
# Not to be called in a subshell, which it would end instead of the script.
fail() {
  FAILURE=$2
  warn "$SCRIPT_NAME: $2"
  exit "$1"
}

parse_arguments() {
  local argument
  for argument in "$@"; do
    case $argument in
      --dry-run) ACTION=dry_run ;;
      --rollback) ACTION=rollback ;;
      --help | -h)
        usage
        exit 0
        ;;
      *)
        if own_option "$argument"; then continue; fi
        warn "$SCRIPT_NAME: unknown option: $argument (see --help)"
        exit 2
        ;;
    esac
  done
  if [[ $FORCE == yes && $ACTION != rollback ]]; then
    warn "$SCRIPT_NAME: --force belongs to --rollback (see --help)"
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
