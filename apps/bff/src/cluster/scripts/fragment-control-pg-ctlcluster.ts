/** POSTGRES_CONTROL=pg_ctlcluster:<version>/<name>, Debian's own arrangement. */
import { bash } from './bash-template.ts';

export const pgCtlClusterControlFragment = bash`
control_locate() {
  need_tools readlink stat pg_ctlcluster pg_conftool
  local directory
  directory=$(pg_conftool -s "$CLUSTER_VERSION" "$CLUSTER_NAME" show data_directory) ||
    fail 2 "There is no PostgreSQL cluster $CLUSTER_VERSION/$CLUSTER_NAME on this server (see pg_lsclusters): correct POSTGRES_CONTROL."
  DATA_DIR=$(readlink -f -- "$directory") || DATA_DIR=$directory
  CONFIG_FILE=/etc/postgresql/$CLUSTER_VERSION/$CLUSTER_NAME/postgresql.conf
  LOCK_ON=$(dirname "$CONFIG_FILE")
}

# Without further options: with them pg_ctlcluster would go past systemd, and the unit lose its server.
# A server that is up but still busy recovering has started as far as this script is concerned.
control_start() {
  pg_ctlcluster "$CLUSTER_VERSION" "$CLUSTER_NAME" start </dev/null 9<&- || control_is_running
}

control_stop() {
  local round
  pg_ctlcluster "$CLUSTER_VERSION" "$CLUSTER_NAME" stop </dev/null 9<&- && return 0
  # It gives up waiting after a minute, PostgreSQL does not give up stopping.
  for ((round = 0; round < STOP_TIMEOUT; round++)); do
    if ! control_is_running; then return 0; fi
    sleep 1
  done
  return 1
}
`;
