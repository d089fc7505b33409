/** POSTGRES_CONTROL=pg_ctl:<data directory>. */
import { bash } from './bash-template.ts';

export const pgCtlControlFragment = bash`
control_locate() {
  need_tools readlink stat
  DATA_DIR=$(readlink -f -- "$CONTROL_DATA_DIR") || DATA_DIR=$CONTROL_DATA_DIR
  LOCK_ON=$(dirname "$DATA_DIR")
}

# The command line of last time, as pg_ctl restart would use it: without the data directory.
remembered_options() {
  local line rest argument skip=no quote="'"
  line=$(sed -n 1p "$DATA_DIR/postmaster.opts" 2>/dev/null) || return 0
  rest=$\{line#* \"}
  if [[ $rest == "$line" ]]; then return 0; fi
  rest=$\{rest%\"*}\"\ \"
  while [[ -n $rest ]]; do
    argument=$\{rest%%\"\ \"*}
    rest=$\{rest#*\"\ \"}
    if [[ $skip == yes ]]; then
      skip=no
    elif [[ $argument == -D ]]; then
      skip=yes
    else
      printf " '%s'" "$\{argument//"$quote"/"$quote\\$quote$quote"}"
    fi
  done
}

# A server that is up but still busy recovering has started as far as this script is concerned.
control_start() {
  local options
  options=$(remembered_options)
  if [[ -z $LOG_FILE ]]; then LOG_FILE=$DATA_DIR/startup.log; fi
  run_as_owner "$\{BIN_PREFIX}pg_ctl" start -s -w -t 60 -D "$DATA_DIR" -l "$LOG_FILE" -o "$options" </dev/null ||
    control_is_running
}

control_stop() {
  run_as_owner "$\{BIN_PREFIX}pg_ctl" stop -s -w -t "$STOP_TIMEOUT" -m fast -D "$DATA_DIR" </dev/null || ! control_is_running
}
`;
