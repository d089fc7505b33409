/** How a generated script speaks: to the terminal, and to its server's own panel with a token (DESIGN §6.5). */
import { bash } from './bash-template.ts';

export const reportFragment = bash`
warn() { printf '%s\n' "$*" >&2; }

# Whatever the caller's shell says about PostgreSQL (PGHOST, PGUSER, PGDATA…) must not steer this script.
clean_environment() {
  local name
  for name in "$\{!PG@}"; do unset "$name"; done
  umask 077
  cd /
}

# A value for curl's configuration file. The tokens go there, on curl's standard input, because every
# user of this machine can read the arguments of a running program.
curl_authorization() {
  local token=$1 backslash=$'\\' quote='"'
  token=$\{token//"$backslash"/"$backslash$backslash"}
  token=$\{token//"$quote"/"$backslash$quote"}
  printf 'header = "Authorization: Bearer %s"\n' "$token"
}

# curl to this server's own panel: over the loopback, where no proxy helps and no certificate fits.
local_curl() {
  local -a options=(--config - --silent --show-error --noproxy '*')
  case $LOCAL_API in
    https://127.0.0.1* | https://localhost* | https://\[::1\]*) options+=(--insecure) ;;
  esac
  curl "$\{options[@]}" "$@"
}

# report PHASE STATE DETAIL. The panel's page shows it; a panel that cannot be told stops nothing.
report() {
  [[ $ACTION != dry_run ]] || return 0
  local problem
  problem=$(curl_authorization "$PHASE_TOKEN" | local_curl --max-time 5 --output /dev/null --fail \
    --data-urlencode "phase=$1" --data-urlencode "state=$2" --data-urlencode "detail=$\{3:0:1500}" \
    "$LOCAL_API/api/cluster/script/phase" 2>&1) && return 0
  if [[ $REPORTING == yes ]]; then
    warn "(The panel at $LOCAL_API could not be told about the progress: $\{problem:-no answer}. Going on.)"
    REPORTING=no
  fi
  return 0
}
`;
