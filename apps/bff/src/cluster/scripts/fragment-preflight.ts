/** The checks of a generated script that come before anything is changed, and the one-time credential. */
import { bash } from './bash-template.ts';

export const preflightFragment = bash`
# The disk tool as the one who may move whole directories, and as the owner of PostgreSQL's data.
tool_mover() { run_as_mover sh -c "$DISK_TOOL" disk-tool "$@" </dev/null; }
tool_owner() { run_as_owner sh -c "$DISK_TOOL" disk-tool "$@"; }

# Reads how things stand on the disk, an interrupted run's record included.
inspect_disk() {
  local facts key value
  facts=$(tool_mover inspect "$DATA_DIR" "$SLOT" 2>/dev/null) || facts=
  OWNER_UID='' OWNER_GID='' OWNER='' LOCAL_VERSION='' MODE='' AVAILABLE_KB='' HOLDS_SLOT=no FOLLOWS_SLOT=''
  MARK_PHASE='' MARK_ASIDE='' MARK_WAS_RUNNING=yes
  while IFS='=' read -r key value; do
    case $key in
      uid) OWNER_UID=$value ;;
      gid) OWNER_GID=$value ;;
      owner) OWNER=$value ;;
      version) LOCAL_VERSION=$value ;;
      mode) MODE=$value ;;
      available_kb) AVAILABLE_KB=$value ;;
      holds_slot) HOLDS_SLOT=$value ;;
      follows_slot) FOLLOWS_SLOT=$value ;;
      mark_phase) MARK_PHASE=$value ;;
      mark_aside) MARK_ASIDE=$value ;;
      mark_was_running) MARK_WAS_RUNNING=$value ;;
      mark_log) LOG_FILE=$value ;;
    esac
  done <<<"$facts"
}

take_lock() {
  if [[ ! -r $LOCK_ON ]]; then
    fail 2 "This script must be run as root or as the owner of PostgreSQL's data; you are \"$(id -un)\" and may not read $LOCK_ON. Run: sudo bash $SCRIPT_PATH"
  fi
  exec 9<"$LOCK_ON"
  if ! flock -n 9; then
    PHASE=''
    fail 5 'Another run of this script is working on this database: wait until it has ended.'
  fi
}

# local_sql STATEMENT: as superuser of this server's own database; the answer is left in ANSWER. The
# clone has main's accounts, so more than one name is tried. Fails when none gets in.
local_sql() {
  local user
  if [[ -z $SQL_PORT ]]; then
    local file
    file=$(tool_mover show "$DATA_DIR" postmaster.pid 2>/dev/null) || return 1
    local -a lines
    mapfile -t lines <<<"$file"
    (($\{#lines[@]} >= 6)) || return 1
    SQL_PORT=$\{lines[3]}
    SQL_HOST=$\{lines[4]:-127.0.0.1}
  fi
  for user in $\{SQL_USER:+"$SQL_USER"} "$DATABASE_USER" "$OWNER" postgres; do
    if ANSWER=$(control_sql "$user" <<<"$1"); then
      SQL_USER=$user
      return 0
    fi
  done
  return 1
}

# Leaves in RECEIVER what the local WAL receiver does: status|slot|host|port. Where nobody may ask the
# database its process titles must do.
ask_receiver() {
  RECEIVER=''
  if local_sql "SELECT concat_ws('|', status, slot_name, sender_host, sender_port) FROM pg_stat_wal_receiver"; then
    RECEIVER=$ANSWER
  elif grep -q 'walreceiver streaming' <<<"$(control_process_titles)"; then
    RECEIVER="streaming|$FOLLOWS_SLOT|$MAIN_HOST|$MAIN_PORT"
  fi
}

already_following() {
  [[ $FOLLOWS_SLOT == "$SLOT" ]] && control_is_running || return 1
  ask_receiver
  [[ $RECEIVER == "streaming|$SLOT|$MAIN_HOST|$MAIN_PORT" ]]
}

check_directory() {
  if [[ -z $LOCAL_VERSION ]]; then
    fail 2 "There is no PostgreSQL database in $DATA_DIR: correct POSTGRES_CONTROL and get a new script."
  fi
  local said
  said=$(readlink -f -- "$\{DATABASE_SAYS:-$DATA_DIR}" 2>/dev/null) || said=$DATABASE_SAYS
  if [[ $CONTROL_KIND != docker && $said != "$DATA_DIR" ]]; then
    fail 2 "POSTGRES_CONTROL leads to $DATA_DIR, but the panel's database runs in $said: correct POSTGRES_CONTROL and get a new script."
  fi
  if [[ $LOCAL_VERSION != "$MAJOR" ]]; then
    fail 2 "This server has PostgreSQL $LOCAL_VERSION and main has PostgreSQL $MAJOR: both must have the same major version."
  fi
}

check_disk_room() {
  local needed
  needed=$(needed_kb)
  if [[ -n $AVAILABLE_KB ]] && ((AVAILABLE_KB < needed)); then
    fail 2 "The disk of $DATA_DIR has $((AVAILABLE_KB / 1024)) MB free, and the clone needs $((needed / 1024)) MB beside the old data: make room."
  fi
}

check_main_is_reachable() {
  local answer=0
  control_ask_main || answer=$?
  # 1: it answers that it takes no connections just now.
  if ((answer > 1)); then
    fail 2 "Main's database at $MAIN_HOST port $MAIN_PORT cannot be reached from here: look at the network, the firewall and main's listen_addresses."
  fi
}

preflight() {
  begin_phase preflight 'checking this server'
  check_directory
  check_own_server
  check_disk_room
  check_main_is_reachable
  end_phase "PostgreSQL $LOCAL_VERSION in $DATA_DIR, $((AVAILABLE_KB / 1024)) MB free"
}

explain_new_token() {
  warn "This script was made at $GENERATED_AT. Get a new one: sign in at $PANEL_URL, open Settings -> Cluster, and copy the command from the script page again."
}

# The password comes once, for a one-time token, and never stands in an argument or in this file.
fetch_credential() {
  local status answer code sentence
  begin_phase credential 'fetching the replication password'
  answer=$WORK/answer
  status=$({
    curl_basics
    curl_authorization "$CREDENTIAL_TOKEN"
  } | curl --config - --max-time 20 --data '' --output "$answer" \
    --write-out '%{http_code}' "$LOCAL_API/api/cluster/script/credential" 2>"$WORK/curl.log") ||
    fail 2 "The panel of this server did not answer at $LOCAL_API: $(tail -n 1 "$WORK/curl.log")"
  if [[ $status != 200 ]]; then
    code=$(sed -n 's/.*"code" *: *"\([A-Z_]*\)".*/\1/p' "$answer" | head -n 1)
    sentence=$(sed -n 's/.*"error" *: *"\([^"]*\)".*/\1/p' "$answer" | head -n 1)
    case $code in
      TOKEN_SPENT)
        explain_new_token
        fail 3 "This script's one-time token is spent. $\{sentence:-}"
        ;;
      TOKEN_EXPIRED)
        explain_new_token
        fail 3 "This script's one-time token has expired. $\{sentence:-}"
        ;;
      BAD_TOKEN)
        explain_new_token
        fail 3 "This script is not the newest one that the panel made. $\{sentence:-}"
        ;;
      *) fail 2 "The panel of this server refused the replication password (HTTP $status): $\{sentence:-no reason given}" ;;
    esac
  fi
  mv "$answer" "$PASSFILE"
  give_passfile_to_owner
}

# A real replication login, and what only main itself can say: its version, its identity, our slot.
prove_login() {
  local output
  local -a answers
  output=$(run_with_passfile "$\{BIN_PREFIX}psql" -XAtqw -v ON_ERROR_STOP=1 -d "$MAIN_CONNINFO dbname=replication replication=true" \
    -c 'IDENTIFY_SYSTEM' -c 'SHOW server_version_num' -c "READ_REPLICATION_SLOT $SLOT" 2>"$WORK/login.log") ||
    fail 2 "The replication login on main failed: $(tail -n 1 "$WORK/login.log")"
  mapfile -t answers <<<"$output"
  if (($\{answers[1]:-0} / 10000 != MAJOR)); then
    fail 2 "Main runs PostgreSQL version $\{answers[1]:-unknown}, this script was made for PostgreSQL $MAJOR: get a new script."
  fi
  if [[ $\{answers[2]:-} != physical* ]]; then
    fail 2 "Main has no replication slot $SLOT: $NO_SLOT_REMEDY"
  fi
  if [[ $HOLDS_SLOT == yes && $(control_datum 'Database system identifier') == "$\{answers[0]%%|*}" ]]; then
    fail 2 "The database in $DATA_DIR is main's own: this script belongs on the other server."
  fi
  note_source "$\{answers[0]}"
  end_phase "signed in to $MAIN_HOST as replicator; slot $SLOT is there"
}

# A line of pg_controldata for the data where they lie now.
control_datum() { # name
  run_as_owner env LC_ALL=C "$\{BIN_PREFIX}pg_controldata" "$DATA_DIR" </dev/null | sed -n "s/^$1: *//p"
}
`;
