/** What rejoin.sh does, step by step (SAFETY §2 "rejoin.sh"). */
import { bash } from './bash-template.ts';

export const rejoinStepsFragment = bash`
# Main's database "postgres", for which its pg_hba.conf has a line of its own.
SOURCE_CONNINFO="$MAIN_CONNINFO dbname=postgres application_name=rejoin_$NODE_NAME"

NO_BASE_BACKUP=no

own_option() {
  [[ $1 == --no-base-backup ]] || return 1
  NO_BASE_BACKUP=yes
}

note_source() { # IDENTIFY_SYSTEM's answer
  IFS='|' read -r SOURCE_SYSTEM SOURCE_TIMELINE _ <<<"$1"
}

# Streaming alone proves nothing: a diverged server was seen to stream (equal timeline numbers). Only what this very
# script has finished is done.
already_done() {
  local made=$\{GENERATED_AT%%.*}
  made=$\{made//[-:]/}Z
  [[ $MARK_PHASE == finished && $MARK_ASIDE == *.before-rejoin-* ]] || return 1
  [[ ! $\{MARK_ASIDE##*.before-rejoin-} < $made ]] && already_following
}

check_own_server() {
  if [[ -n $(tool_mover tablespaces "$DATA_DIR") ]]; then
    fail 2 'This database has tablespaces outside its data directory, which this script cannot save: repair it by hand.'
  fi
  if local_sql 'SELECT pg_is_in_recovery()' && [[ $ANSWER == f ]]; then
    fail 2 'This PostgreSQL accepts writes, so it is no old main that waits for its repair: look at the panel first.'
  fi
  if [[ $REPAIR == base_backup && $NO_BASE_BACKUP == yes ]]; then
    fail 2 "This server's history has the same timeline number as main's under another promotion: only a whole clone repairs it."
  fi
}

# The copy that is rewound, or the clone: whichever is larger.
needed_kb() {
  local own=0 clone=$(((REQUIRED_BYTES / 1024) * 12 / 10))
  if [[ $REPAIR == rewind ]]; then own=$(tool_mover size "$DATA_DIR") || own=0; fi
  own=$((own * 11 / 10))
  printf '%s' "$((own > clone ? own : clone))"
}

make_ready_to_start() { tool_owner keep_read_only "$DATA_DIR" </dev/null; }

say_plan() {
  say "Every check that needs no password passed. Nothing was changed. A real run would now"
  say "  1. fetch the replication password and sign in to main at $MAIN_HOST port $MAIN_PORT with it,"
  say "  2. stop PostgreSQL and move $DATA_DIR aside, where what only this server holds is kept,"
  if [[ $REPAIR == rewind ]]; then
    say "  3. rewind a copy of it to the history of \"$MAIN_NAME\"; if that fails, clone main's database instead,"
  else
    say "  3. clone \"$MAIN_NAME\" ($((REQUIRED_BYTES / 1048576)) MB) through its slot $SLOT,"
  fi
  say "  4. start PostgreSQL as its standby and wait up to $STREAM_TIMEOUT s until it streams,"
  say "and put the old data back, read-only, if any of this fails."
}

give_up_rewind() { # why
  if [[ $NO_BASE_BACKUP == yes ]]; then
    if [[ $CHANGED == yes ]]; then fail 1 "$1"; fi
    fail 2 "$1"
  fi
  warn "$1 Cloning main's whole database instead."
  REPAIR=base_backup
}

# What only main can say, and the checkpoint without which pg_rewind may say that there is nothing to do.
prepare_source() {
  local answer
  begin_phase source 'asking main for a checkpoint'
  if ! answer=$(run_with_passfile "$\{BIN_PREFIX}psql" -XAtqw -v ON_ERROR_STOP=1 -d "$SOURCE_CONNINFO" \
    -c "SELECT pg_is_in_recovery(), coalesce((SELECT wal_status FROM pg_replication_slots WHERE slot_name = '$SLOT'), '')" \
    2>"$WORK/source.log"); then
    give_up_rewind "Main's database \"postgres\" does not let replicator in: $(tail -n 1 "$WORK/source.log")."
    end_phase 'main is asked for a clone alone'
    return 0
  fi
  if [[ $answer != 'f|'* ]]; then
    fail 2 "\"$MAIN_NAME\" is in recovery, so it is not main now: look at the panel, and get a new script when it says who is."
  fi
  if [[ $answer == 'f|lost' ]]; then
    fail 2 "Main has given up the WAL of the slot $SLOT. On main run: SELECT pg_drop_replication_slot('$SLOT'); $NO_SLOT_REMEDY"
  fi
  if [[ $REPAIR == rewind ]] && ! control_clone "$WORK/source.log" "$\{BIN_PREFIX}psql" -XAtqw -d "$SOURCE_CONNINFO" -c CHECKPOINT; then
    give_up_rewind "The checkpoint on main failed: $(tail -n 1 "$WORK/source.log")."
  fi
  end_phase "main is writable, on timeline $SOURCE_TIMELINE"
}

cleanly_stopped() {
  [[ $(control_datum 'Database cluster state') == 'shut down'* ]]
}

# Its replay of what lies here has ended: postmaster.pid says "ready" from then on.
wait_until_ready() {
  local deadline=$((SECONDS + STREAM_TIMEOUT))
  until tool_mover show "$DATA_DIR" postmaster.pid 2>/dev/null | grep -q -x 'ready *'; do
    if ((SECONDS >= deadline)) || ! control_is_running; then return 1; fi
    sleep 0.2
  done
}

# pg_rewind fails on data that crashed with standby.signal: they are started once, read-only, and stopped.
stop_cleanly() {
  if cleanly_stopped; then return 0; fi
  begin_phase stop 'PostgreSQL had crashed: starting it once, read-only, for a clean stop'
  tool_owner append "$DATA_DIR" "$(setting_line primary_conninfo '')" </dev/null || fail 1 "Nothing can be written into $DATA_DIR."
  SQL_PORT=''
  if control_start && wait_until_ready && control_stop && cleanly_stopped; then
    end_phase 'PostgreSQL is stopped cleanly'
    return 0
  fi
  control_log_tail >&2
  if control_is_running; then control_stop || fail 1 "PostgreSQL did not stop within $STOP_TIMEOUT s."; fi
  give_up_rewind 'The old database cannot be brought to a clean stop, which pg_rewind needs.'
}

stop_target() {
  tool_owner keep_read_only "$DATA_DIR" </dev/null || fail 2 "Nothing can be written into $DATA_DIR."
  stop_server
  if [[ $REPAIR == rewind ]]; then stop_cleanly; fi
  # The number is the same and the history is not: pg_rewind would see nothing to do.
  if [[ $REPAIR == rewind && $(control_datum "Latest checkpoint's TimeLineID") == "$SOURCE_TIMELINE" ]]; then
    give_up_rewind "This server and main are both on timeline $SOURCE_TIMELINE, which pg_rewind cannot tell apart."
  fi
  if [[ $REPAIR == rewind && $(control_datum 'Database system identifier') != "$SOURCE_SYSTEM" ]]; then
    give_up_rewind "This database and main's do not come from the same one."
  fi
}

copy_data() {
  begin_phase copy 'copying the old data; the copy is what is rewound'
  if ! control_clone "$WORK/copy.log" sh -c "$DISK_TOOL" disk-tool copy_data "$ASIDE" "$TARGET/."; then
    cat "$WORK/copy.log" >&2
    fail 1 "The old data could not be copied: $(tail -n 1 "$WORK/copy.log")"
  fi
  tool_owner copy_wal "$ASIDE" "$TARGET" </dev/null || fail 1 'The WAL of the old data could not be copied.'
  end_phase 'the copy is complete'
}

rewind_copy() {
  local problem
  begin_phase rewind "rewinding the copy to main's history"
  # It never starts the target by itself: that fails with standby.signal, and the clean stop was made already.
  if control_clone "$WORK/rewind.log" env LC_ALL=C "$\{BIN_PREFIX}pg_rewind" "--target-pgdata=$TARGET" \
    "--source-server=$SOURCE_CONNINFO" --no-ensure-shutdown; then
    if ! grep -q 'no rewind required' "$WORK/rewind.log"; then
      end_phase "$(grep 'rewinding from' "$WORK/rewind.log" || tail -n 1 "$WORK/rewind.log")"
      return 0
    fi
    problem='pg_rewind sees nothing to rewind, although this server diverged.'
  else
    cat "$WORK/rewind.log" >&2
    problem="pg_rewind failed: $(tail -n 1 "$WORK/rewind.log")."
  fi
  give_up_rewind "$problem"
  report rewind failed "$problem"
  tool_mover empty_target "$DATA_DIR" "$TARGET" || fail 1 'The rewound copy could not be removed.'
}

run_steps() {
  fetch_credential
  prove_login
  prepare_source
  remember_own_settings
  stop_target
  move_aside
  if [[ $REPAIR == rewind ]]; then
    copy_data
    rewind_copy
  fi
  if [[ $REPAIR == base_backup ]]; then base_backup; fi
  configure_clone
  start_server
  wait_for_streaming
  finish
}
`;
