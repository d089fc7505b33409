/** POSTGRES_CONTROL=docker:<container>. */
import { bash } from './bash-template.ts';

export const dockerControlFragment = bash`
# PostgreSQL in a container. Its data directory is a volume that only containers can be sure to see, so
# everything done to it while the server is stopped is done in a short-lived container of the same
# image with the same volumes.

control_tools() { :; }

control_locate() {
  need_tools docker
  docker version >/dev/null 2>&1 ||
    fail 2 "Docker does not answer the user \"$(id -un)\". Run: sudo bash $SCRIPT_PATH"
  local -a facts
  mapfile -t facts < <(docker inspect --type container --format \
    '{{.Image}}{{println}}{{.HostConfig.NetworkMode}}{{println}}{{range .Config.Env}}{{println .}}{{end}}' "$CONTAINER" 2>/dev/null)
  if (($\{#facts[@]} < 2)); then
    fail 2 "There is no container \"$CONTAINER\" on this server (see docker ps -a): correct POSTGRES_CONTROL."
  fi
  IMAGE=$\{facts[0]}
  NETWORK=$\{facts[1]}
  DATA_DIR=$DATABASE_SAYS
  local fact
  if [[ -z $DATA_DIR ]]; then
    DATA_DIR=/var/lib/postgresql/data
    for fact in "$\{facts[@]:2}"; do
      if [[ $fact == PGDATA=* ]]; then DATA_DIR=$\{fact#PGDATA=}; fi
    done
  fi
  # There is no file of the container's own that every user of this machine can open; a lock on the
  # program lets one run at a time on this machine, which is enough.
  LOCK_ON=$(command -v docker)
}

run_as_mover() {
  docker run --rm -i --network none --volumes-from "$CONTAINER" --user 0:0 --entrypoint "$1" "$IMAGE" "$\{@:2}"
}

run_as_owner() {
  docker run --rm -i --network none --volumes-from "$CONTAINER" --user "$OWNER_UID:$OWNER_GID" --entrypoint "$1" "$IMAGE" "$\{@:2}"
}

run_beside_main() { # name, then arguments of the disk tool
  docker run --rm -i --name "$1" --network "$NETWORK" --volumes-from "$CONTAINER" \
    --user "$OWNER_UID:$OWNER_GID" --entrypoint sh "$IMAGE" -c "$DISK_TOOL" disk-tool "$\{@:2}"
}

run_with_passfile() { run_beside_main "proxpanel-login-$NODE_NAME" with_passfile "$DATA_DIR" "$@" <"$PASSFILE"; }

control_ask_main() {
  docker run --rm --network "$NETWORK" --entrypoint pg_isready "$IMAGE" -q -t 10 -h "$MAIN_HOST" -p "$MAIN_PORT"
}

give_passfile_to_owner() { :; }

check_user() {
  if [[ -z $OWNER_UID ]]; then
    fail 2 "There is no PostgreSQL data directory $DATA_DIR in a volume of the container \"$CONTAINER\"."
  fi
}

find_programs() { BIN_PREFIX=; }

find_log() { :; }

control_is_running() {
  [[ $(docker inspect --type container --format '{{.State.Running}}' "$CONTAINER" 2>/dev/null) == true ]]
}

control_log_tail() { docker logs --tail 15 "$CONTAINER" 2>&1 || true; }

control_sql() { # user; SQL on standard input
  docker exec -i --user "$OWNER_UID:$OWNER_GID" -e PGCONNECT_TIMEOUT=5 -e 'PGOPTIONS=-c statement_timeout=10s' \
    "$CONTAINER" psql -XAtqw -v ON_ERROR_STOP=1 -v "slot=$SLOT" -h "$SQL_HOST" -p "$SQL_PORT" -U "$1" -d postgres -f - 2>/dev/null
}

control_process_titles() { docker top "$CONTAINER" 2>/dev/null || true; }

control_start() { docker start "$CONTAINER" >/dev/null </dev/null 9<&-; }

# A stop by hand also keeps docker's restart policy from starting it again meanwhile.
control_stop() { docker stop -t "$STOP_TIMEOUT" "$CONTAINER" >/dev/null </dev/null; }

control_clone() { # file for what it says, program, its arguments
  run_beside_main "proxpanel-clone-$NODE_NAME" with_passfile "$DATA_DIR" "$\{@:2}" <"$PASSFILE" 2>"$1" 9<&- &
  wait "$!"
}

control_kill_clone() {
  docker rm --force "proxpanel-clone-$NODE_NAME" >/dev/null 2>&1 || true
}
`;
