/** The steps that replace the data, in both scripts: stop, move aside, clone, configure, start, stream. */
import { bash } from './bash-template.ts';

export const joinFragment = bash`
# Settings that are this server's own and that main's postgresql.auto.conf may not override.
OWN_SETTINGS='port listen_addresses unix_socket_directories'

# What runs now; where the database cannot be asked, what its files say.
remember_own_settings() {
  if local_sql "SELECT name || '=' || setting FROM pg_settings WHERE name = ANY (string_to_array('$OWN_SETTINGS', ' '))"; then
    OWN_VALUES=$ANSWER
  else
    OWN_VALUES=$(tool_owner settings "$DATA_DIR" "$BIN_PREFIX" "$CONFIG_FILE" "$DATA_DIR" "$OWN_SETTINGS" </dev/null) ||
      fail 2 "This server's own PostgreSQL settings could not be read from $DATA_DIR."
  fi
}

# value_of NAME LINES: of the first line NAME=value. Without sed: this is asked so often that starting it would show.
value_of() {
  local line
  while IFS= read -r line; do
    if [[ $line == "$1="* ]]; then
      printf '%s' "$\{line#*=}"
      return 0
    fi
  done <<<"$2"
}

stop_server() {
  begin_phase stop 'stopping PostgreSQL'
  WAS_RUNNING=no
  if control_is_running; then
    WAS_RUNNING=yes
    find_log
  fi
  tool_mover mark_stopping "$DATA_DIR" "$MODE" "$WAS_RUNNING" "$LOG_FILE" ||
    fail 2 "Nothing can be written beside or into $DATA_DIR."
  CHANGED=yes
  if [[ $WAS_RUNNING == yes ]]; then
    control_stop || fail 1 "PostgreSQL did not stop within $STOP_TIMEOUT s."
  fi
  end_phase 'PostgreSQL is stopped'
}

move_aside() {
  local answer
  begin_phase move_aside 'moving the old data directory aside'
  answer=$(tool_mover move_aside "$DATA_DIR" "$MODE" "$(date -u +%Y%m%dT%H%M%SZ)" "$WAS_RUNNING" "$LOG_FILE" "$ASIDE_LABEL") ||
    fail 1 "The data directory $DATA_DIR could not be moved aside."
  MODE=$(value_of mode "$answer")
  ASIDE=$(value_of aside "$answer")
  TARGET=$(value_of target "$answer")
  end_phase "the old data are in $ASIDE"
}

base_backup() {
  begin_phase base_backup "cloning main's database; the panel's page shows how far it is"
  CLONE_ARGUMENTS=("--pgdata=$TARGET" "--dbname=$MAIN_CONNINFO" "--slot=$SLOT" --wal-method=stream --checkpoint=fast --no-password)
  if [[ -n $\{PROXPANEL_MAX_RATE:-} ]]; then CLONE_ARGUMENTS+=("--max-rate=$PROXPANEL_MAX_RATE"); fi
  if [[ -t 2 ]]; then
    CLONE_ARGUMENTS+=(--progress)
    control_clone /dev/stderr "$\{BIN_PREFIX}pg_basebackup" "$\{CLONE_ARGUMENTS[@]}" || fail 1 'The clone failed; the reason stands above.'
  elif ! control_clone "$WORK/clone.log" "$\{BIN_PREFIX}pg_basebackup" "$\{CLONE_ARGUMENTS[@]}"; then
    cat "$WORK/clone.log" >&2
    fail 1 "The clone failed: $(tail -n 1 "$WORK/clone.log")"
  fi
  end_phase 'the clone is complete'
}

# A standby does not start when one of these is below main's; the clone's control file has main's.
raise_to_main() { # name, its name in pg_controldata, effective values, control data
  local main='' own line
  while IFS= read -r line; do
    if [[ $line == "$2 setting:"* ]]; then main=$\{line##* }; fi
  done <<<"$4"
  own=$(value_of "$1" "$3")
  if (($\{main:-0} > $\{own:-0})); then setting_line "$1" "$main"; fi
}

# Compares what the clone would use with what this server needs; prints the lines to add.
corrections() {
  local values control name own
  values=$(tool_owner settings "$TARGET" "$BIN_PREFIX" "$CONFIG_FILE" "$ASIDE" \
    "$OWN_SETTINGS max_connections max_worker_processes max_wal_senders max_prepared_transactions max_locks_per_transaction" </dev/null) || return 1
  control=$(run_as_owner env LC_ALL=C "$\{BIN_PREFIX}pg_controldata" "$TARGET" </dev/null) || return 1
  for name in $OWN_SETTINGS; do
    own=$(value_of "$name" "$OWN_VALUES")
    if [[ $own != "$(value_of "$name" "$values")" ]]; then setting_line "$name" "$own"; fi
  done
  raise_to_main max_connections max_connections "$values" "$control"
  raise_to_main max_worker_processes max_worker_processes "$values" "$control"
  raise_to_main max_wal_senders max_wal_senders "$values" "$control"
  raise_to_main max_prepared_transactions max_prepared_xacts "$values" "$control"
  raise_to_main max_locks_per_transaction max_locks_per_xact "$values" "$control"
}

configure_clone() {
  local conninfo text added
  begin_phase configure 'making the clone a standby of main'
  conninfo="$STANDBY_CONNINFO passfile=$(conninfo_value "$DATA_DIR/proxpanel.pgpass")"
  text=$(
    setting_line primary_conninfo "$conninfo"
    setting_line primary_slot_name "$SLOT"
    setting_line recovery_target_timeline latest
  )
  tool_owner configure "$TARGET" "$ASIDE" "$text" <"$PASSFILE" || fail 1 'The clone could not be configured.'
  added=$(corrections) || fail 1 'PostgreSQL cannot read the configuration of the clone; the reason stands above.'
  if [[ -n $added ]]; then
    tool_owner append "$TARGET" "$added" </dev/null || fail 1 'The clone could not be configured.'
  fi
  if [[ $TARGET != "$DATA_DIR" ]]; then
    tool_mover place "$DATA_DIR" "$TARGET" || fail 1 "The clone could not be moved into $DATA_DIR."
  fi
  end_phase "standby of $MAIN_HOST port $MAIN_PORT through slot $SLOT"
}

start_server() {
  begin_phase start 'starting PostgreSQL'
  SQL_PORT=''
  FOLLOWS_SLOT=$SLOT
  if ! control_start; then
    control_log_tail >&2
    fail 1 'PostgreSQL did not start on the clone; the end of its log stands above.'
  fi
  end_phase 'PostgreSQL runs on the clone'
}

wait_for_streaming() {
  local deadline=$((SECONDS + STREAM_TIMEOUT))
  begin_phase streaming 'waiting until the changes of main arrive'
  ask_receiver
  until [[ $RECEIVER == "streaming|$SLOT|"* ]]; do
    if ! control_is_running; then
      control_log_tail >&2
      fail 1 'PostgreSQL stopped again; the end of its log stands above.'
    fi
    if ((SECONDS >= deadline)); then
      control_log_tail >&2
      fail 1 "Nothing was streamed from main within $STREAM_TIMEOUT s; the end of PostgreSQL's log stands above."
    fi
    sleep 0.2
    ask_receiver
  done
  end_phase "streaming from $MAIN_HOST"
}

finish() {
  tool_mover finish "$DATA_DIR" || warn 'The record of this run could not be closed; this server streams all the same.'
  CHANGED=no
  begin_phase 'done' "This server follows \"$MAIN_NAME\" now."
  say "The old data of \"$OWN_NAME\" are kept in $ASIDE"
  if [[ $CONTROL_KIND == docker ]]; then
    say "(in the volume of the container \"$CONTAINER\"). When you are sure that you do not need them:"
    say "  docker exec --user 0 $CONTAINER rm -rf $(printf '%q' "$ASIDE")"
  else
    say "When you are sure that you do not need them: rm -rf $(printf '%q' "$ASIDE")"
  fi
  say "[done] the old data are in $ASIDE"
  report 'done' completed "the old data are in $ASIDE"
}
`;
