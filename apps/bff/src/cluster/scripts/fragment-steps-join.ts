/** What setup_replica.sh does, step by step. */
import { bash } from './bash-template.ts';

export const joinStepsFragment = bash`
already_done() { already_following; }

check_own_server() { :; }

# The old data were a server of its own, and go back to being one.
make_ready_to_start() { :; }

own_option() {
  [[ $1 == --force ]] || return 1
  FORCE=yes
}

note_source() { :; }

needed_kb() { printf '%s' "$(((REQUIRED_BYTES / 1024) * 12 / 10))"; }

say_plan() {
  say "Every check that needs no password passed. Nothing was changed. A real run would now"
  say "  1. fetch the replication password and sign in to main at $MAIN_HOST port $MAIN_PORT with it,"
  say "  2. stop PostgreSQL and move $DATA_DIR aside,"
  say "  3. clone \"$MAIN_NAME\" ($((REQUIRED_BYTES / 1048576)) MB) through its slot $SLOT,"
  say "  4. start PostgreSQL as its standby and wait up to $STREAM_TIMEOUT s until it streams,"
  say "and put the old data back if any of this fails."
}

run_steps() {
  fetch_credential
  prove_login
  remember_own_settings
  stop_server
  move_aside
  base_backup
  configure_clone
  start_server
  wait_for_streaming
  finish
}
`;
