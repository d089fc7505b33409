/** How a generated script runs and ends, well or badly: the old data back after any failure, signal or killed run. */
import { bash } from './bash-template.ts';

export const mainFragment = bash`
# Puts the old data back and starts them. Also the second half of a run that was killed.
put_back() {
  warn 'Putting the old database back...'
  control_kill_clone || return 1
  if control_is_running; then control_stop || return 1; fi
  tool_mover restore "$DATA_DIR" || return 1
  make_ready_to_start || return 1
  SQL_PORT=''
  if [[ $WAS_RUNNING == yes ]] && ! control_is_running; then
    if ! control_start; then
      control_log_tail >&2
      return 1
    fi
  fi
  tool_mover unmark "$DATA_DIR" || return 1
  CHANGED=no
  warn "The old database is back in $DATA_DIR."
}

explain_by_hand() {
  warn "The old database could not be put back by itself. Nothing of it was deleted. Correct what is said above, then run"
  warn "  bash $SCRIPT_PATH --rollback"
  if [[ -n $ASIDE ]]; then warn "The old data are in $ASIDE (what belongs to $DATA_DIR)."; fi
}

on_exit() {
  local code=$?
  trap - EXIT ERR
  trap '' INT TERM HUP
  set +e
  if ((code != 0)) && [[ -n $PHASE ]]; then
    if [[ -z $FAILURE ]]; then
      FAILURE="the step \"$PHASE\" ended unexpectedly$\{FAILED_LINE:+ (line $FAILED_LINE)}"
      if ((code > 128)); then FAILURE="the step \"$PHASE\" was ended by a signal"; fi
      warn "$SCRIPT_NAME: $FAILURE"
      if ((code < 128)); then code=1; fi
    fi
    report "$PHASE" failed "$FAILURE"
    if [[ $CHANGED != yes ]]; then
      report failed failed "$FAILURE Nothing was changed."
    elif put_back; then
      report rolled_back completed "The old database is back. $FAILURE"
    else
      explain_by_hand
      report failed failed "The old database could not be put back by itself. $FAILURE"
      code=4
    fi
  fi
  if [[ -n $WORK ]]; then rm -rf "$WORK"; fi
  exit "$code"
}

install_traps() {
  trap on_exit EXIT
  trap 'FAILED_LINE=$LINENO' ERR
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  WORK=$(mktemp -d)
  PASSFILE=$WORK/pgpass
}

# A clone that was promoted meanwhile is no copy any more: it may hold rows that nothing else has.
roll_back_finished_join() {
  if [[ $MARK_ASIDE == *.before-rejoin-* ]]; then
    PHASE=''
    fail 2 "This server follows \"$MAIN_NAME\" again, so its former data are not put back: they do not agree with main's. They are in $MARK_ASIDE; to read them, start a PostgreSQL on a copy of that directory."
  fi
  if [[ $FORCE != yes ]]; then
    PHASE=''
    fail 2 "The join succeeded; the old data are in $MARK_ASIDE. To go back to them all the same: leave the cluster in the panel, then run with --rollback --force."
  fi
  if ! run_as_owner env LC_ALL=C "$\{BIN_PREFIX}pg_controldata" "$DATA_DIR" </dev/null |
    grep -q -E '^Database cluster state: *(in archive recovery|shut down in recovery)$'; then
    PHASE=''
    fail 2 'This database was promoted since and may hold data of its own, so it is not replaced. Make a backup of it and move it aside by hand.'
  fi
  local kept
  control_stop || fail 1 'PostgreSQL did not stop.'
  kept=$(tool_mover keep_clone "$DATA_DIR") || fail 4 "The clone could not be moved away from $DATA_DIR."
  say "The clone is kept in $kept"
}

roll_back() {
  PHASE=''
  case $MARK_PHASE in
    '')
      say 'There is nothing to roll back: no run was interrupted here.'
      return 0
      ;;
    finished) roll_back_finished_join ;;
  esac
  WAS_RUNNING=$MARK_WAS_RUNNING ASIDE=$MARK_ASIDE
  if ! put_back; then
    explain_by_hand
    report failed failed 'The old database could not be put back by itself.'
    exit 4
  fi
  report rolled_back completed 'The old database is back, as asked with --rollback.'
}

# A run that was killed left its record; what it had moved goes back before anything else is done.
recover_interrupted_run() {
  if [[ -z $MARK_PHASE || $MARK_PHASE == finished ]]; then return 0; fi
  if [[ $ACTION == dry_run ]]; then
    fail 2 'An earlier run was interrupted: run with --rollback to put the old data back, or without options to do that and begin again.'
  fi
  say 'An earlier run was interrupted.'
  WAS_RUNNING=$MARK_WAS_RUNNING ASIDE=$MARK_ASIDE
  if ! put_back; then
    explain_by_hand
    PHASE=''
    report failed failed 'The old database could not be put back by itself.'
    exit 4
  fi
  report rolled_back completed 'The old database is back after an interrupted run.'
  ASIDE=''
  inspect_disk
}

# Each script has its own already_done, check_own_server, needed_kb, note_source, say_plan, run_steps,
# make_ready_to_start and own_option.
main() {
  parse_arguments "$@"
  clean_environment
  install_traps
  need_tools curl flock sed grep
  control_tools
  control_locate
  take_lock
  inspect_disk
  check_user
  find_programs
  MAIN_CONNINFO="$MAIN_CONNINFO keepalives_idle=10 keepalives_interval=5 keepalives_count=3 tcp_user_timeout=30000 connect_timeout=10"
  if [[ $ACTION == rollback ]]; then
    roll_back
    return 0
  fi
  recover_interrupted_run
  if already_done; then
    say "This server is already streaming from \"$MAIN_NAME\": nothing to do."
    report 'done' completed 'already streaming, nothing to do'
    return 0
  fi
  preflight
  if [[ $ACTION == dry_run ]]; then
    say_plan
    return 0
  fi
  run_steps
}
`;
