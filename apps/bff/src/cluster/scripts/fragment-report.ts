/** How a generated script speaks: to the terminal, and to its server's own panel with a token (DESIGN §6.5). */
import { bash } from './bash-template.ts';

export const reportFragment = bash`
warn() { printf '%s\n' "$*" >&2; }

# Whatever the caller's shell says about PostgreSQL (PGHOST, PGUSER, PGDATA, ...) must not steer this script.
clean_environment() {
  local name
  for name in "$\{!PG@}"; do unset "$name"; done
  umask 077
  cd /
}

# A value for curl's configuration file. The tokens go there, on curl's standard input, because every
# user of this machine can read the arguments of a running program.
curl_line() { # option, value
  local value=$2 backslash=$'\\' quote='"'
  value=$\{value//"$backslash"/"$backslash$backslash"}
  value=$\{value//"$quote"/"$backslash$quote"}
  value=$\{value//$'\n'/"$backslash"n}
  value=$\{value//$'\r'/"$backslash"r}
  printf '%s = "%s"\n' "$1" "$value"
}

curl_authorization() { curl_line header "Authorization: Bearer $1"; }

# How curl talks to this server's own panel: over the loopback, where no proxy helps and no certificate fits.
curl_basics() {
  curl_line noproxy '*'
  case $LOCAL_API in
    https://127.0.0.1* | https://localhost* | https://\[::1\]*) printf 'insecure\n' ;;
  esac
  printf 'silent\nshow-error\n'
}

# One report as curl's configuration; "next" in between starts the options anew.
report_lines() { # phase, state, detail
  curl_basics
  curl_authorization "$PHASE_TOKEN"
  curl_line url "$LOCAL_API/api/cluster/script/phase"
  curl_line data-urlencode "phase=$1"
  curl_line data-urlencode "state=$2"
  curl_line data-urlencode "detail=$\{3:0:1500}"
  curl_line output /dev/null
  printf 'fail\nmax-time = 5\n'
}

# report PHASE STATE DETAIL. The panel's page shows it; a panel that cannot be told stops nothing.
report() {
  [[ $ACTION != dry_run ]] || return 0
  local problem reported=yes
  problem=$(
    {
      if (($\{#WAITING_REPORT[@]} > 0)); then
        report_lines "$\{WAITING_REPORT[@]}"
        printf 'next\n'
      fi
      report_lines "$@"
    } | curl --config - 2>&1
  ) || reported=no
  WAITING_REPORT=()
  if [[ $reported == no && $REPORTING == yes ]]; then
    warn "(The panel at $LOCAL_API could not be told about the progress: $\{problem:-no answer}. Going on.)"
    REPORTING=no
  fi
  return 0
}
`;
