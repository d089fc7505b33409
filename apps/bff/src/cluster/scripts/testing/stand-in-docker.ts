/**
 * A `docker` that records how it is called and does it with processes of this machine: a "container" is a data
 * directory whose server it starts and stops. There is no docker engine where the tests run; the README says so.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PostgresServer } from '@proxpanel/testbed/postgres-server';
import { bash } from '../bash-template.ts';

export const containerName = 'proxpanel-db';

const program = bash`
#!/bin/bash
set -eu
here=$(dirname "$0")
. "$here/container"
printf '%s\0' "$@" END >>"$here/calls"
export PATH="$bin:$PATH"

pg() { setpriv --reuid=postgres --regid=postgres --init-groups -- "$bin/pg_ctl" "$@" -D "$data" </dev/null; }
known() { [[ $1 == "$name" ]] || { echo "Error: No such container: $1" >&2; exit 1; }; }

as_user() { # uid:gid command…
  local uid=$\{1%:*} gid=$\{1#*:}
  shift
  if [[ $uid == 0 ]]; then exec setsid "$@"; fi
  exec setsid setpriv --reuid="$uid" --regid="$gid" --clear-groups -- "$@"
}

run() {
  local user=0:0 entrypoint='' label=''
  while [[ $1 == -* ]]; do
    case $1 in
      --rm | -i) shift ;;
      --network) shift 2 ;;
      --volumes-from) known "$2"; shift 2 ;;
      --user) user=$2; shift 2 ;;
      --entrypoint) entrypoint=$2; shift 2 ;;
      --name) label=$2; shift 2 ;;
      *) echo "unknown flag: $1" >&2; exit 125 ;;
    esac
  done
  [[ $1 == "$image" ]] || { echo "Unable to find image '$1' locally" >&2; exit 125; }
  shift
  if [[ -z $label ]]; then as_user "$user" "$entrypoint" "$@"; fi
  # A container outlives the client that started it.
  exec 3<&0
  as_user "$user" "$entrypoint" "$@" <&3 &
  echo "$!" >"$here/label-$label"
  local code=0
  wait "$!" || code=$?
  rm -f "$here/label-$label"
  exit "$code"
}

remove() { # --force label
  [[ -f $here/label-$2 ]] || { echo "Error: No such container: $2" >&2; exit 1; }
  local group
  group=$(cat "$here/label-$2")
  kill -KILL -- "-$group" 2>/dev/null || true
  while kill -0 -- "-$group" 2>/dev/null; do read -rt 0.05 <> <(:) || true; done
  rm -f "$here/label-$2"
}

command=$1
shift
case $command in
  version) ;;
  inspect)
    known "$\{!#}"
    if [[ $* == *State.Running* ]]; then
      if pg status >/dev/null; then echo true; else echo false; fi
    else
      printf '%s\n' "$image" bridge PATH=/usr/bin "PGDATA=$data"
    fi
    ;;
  exec)
    while [[ $1 == -* ]]; do
      case $1 in
        -i) shift ;;
        --user) user=$2; shift 2 ;;
        -e) export "$\{2?}"; shift 2 ;;
      esac
    done
    known "$1"
    shift
    as_user "$user" "$@"
    ;;
  run) run "$@" ;;
  rm) remove "$@" ;;
  stop)
    known "$3"
    pg stop -s -m fast -t "$2"
    ;;
  start)
    known "$1"
    pg start -s -w -l "$log"
    ;;
  logs) tail -n "$2" "$log" ;;
  *)
    echo "docker: '$command' is not a docker command." >&2
    exit 1
    ;;
esac
`;

export interface StandInDocker {
  /** To be put first in PATH. */
  directory: string;
  /** The arguments of each call, in their order. */
  calls(): Promise<string[][]>;
}

export async function installStandInDocker(parent: string, server: PostgresServer): Promise<StandInDocker> {
  const directory = join(parent, 'stand-in');
  await mkdir(directory);
  await writeFile(join(directory, 'docker'), program, { mode: 0o755 });
  const facts = {
    name: containerName,
    image: 'sha256:0123456789abcdef',
    data: server.dataDirectory,
    log: server.logPath,
    bin: server.binDirectory,
  };
  const lines = Object.entries(facts).map(([key, value]) => `${key}='${value}'\n`);
  await writeFile(join(directory, 'container'), lines.join(''));
  return {
    directory,
    async calls() {
      const text = await readFile(join(directory, 'calls'), 'utf8');
      return text
        .split('END\0')
        .slice(0, -1)
        .map((call) => call.split('\0').slice(0, -1));
    },
  };
}
