/** What setup_replica.sh and rejoin.sh have in common: their values, their fragments and the order of these. */
import { Shescape } from 'shescape';
import { basicsFragment } from './fragment-basics.ts';
import { dockerControlFragment } from './fragment-control-docker.ts';
import { localControlFragment } from './fragment-control-local.ts';
import { pgCtlControlFragment } from './fragment-control-pg-ctl.ts';
import { pgCtlClusterControlFragment } from './fragment-control-pg-ctlcluster.ts';
import { diskToolFragment } from './fragment-disk-tool.ts';
import { joinFragment } from './fragment-join.ts';
import { mainFragment } from './fragment-main.ts';
import { preflightFragment } from './fragment-preflight.ts';
import { reportFragment } from './fragment-report.ts';
import { bash } from './bash-template.ts';
import type { PostgresControl } from './postgres-control.ts';

export interface ScriptInput {
  /** This server's node id; replication calls itself `node_<id>`. */
  readonly nodeId: number;
  /** The slot that main reserved, `replica_<node id>`. */
  readonly slotName: string;
  /** Main's address as its pgpass line names it, and its PostgreSQL's port. */
  readonly mainHost: string;
  readonly mainPort: number;
  /** Shown to people only; any text is harmless. */
  readonly mainDisplayName: string;
  readonly ownDisplayName: string;
  /** Main's major version, e.g. 15. */
  readonly postgresMajor: number;
  readonly control: PostgresControl;
  /** `data_directory` as the local database says it (with docker: inside the container); null when it cannot be asked. */
  readonly dataDirectory: string | null;
  /** The local database's superuser, to see whether it streams. Default `postgres`. */
  readonly databaseUser?: string;
  /** The local BFF over the loopback, `http://127.0.0.1:<port>`. */
  readonly localApiUrl: string;
  /** Where an admin's browser finds this server's page. Default `localApiUrl`. */
  readonly panelUrl?: string;
  /** Good once, for the replication password. */
  readonly credentialToken: string;
  /** Good for reporting phases until the script is done. */
  readonly phaseToken: string;
  /** Size of main's database; the disk must have a fifth more. */
  readonly requiredBytes: number;
  /** ISO 8601, UTC. */
  readonly generatedAt: string;
}

/** What makes one of the scripts that one. */
export interface ScriptKind {
  readonly name: 'setup_replica.sh' | 'rejoin.sh';
  /** Its first lines, which say what it is. */
  readonly heading: string;
  /** Values of its own, beside those that every script has. */
  readonly values: Readonly<Record<string, string>>;
  readonly usage: string;
  readonly steps: string;
}

// Quotes as every POSIX shell reads it, bash too. /bin/sh is named because the library looks the shell up and a
// panel in a small container may have no bash of its own. No value here is an option, so "-" may begin one.
const shescape = new Shescape({ shell: '/bin/sh', flagProtection: false });

/**
 * The text of a script. It holds the two tokens but no password. Same input, same text.
 *
 * @throws RangeError when a value that only this program makes (token, slot, port, URL) is not of its form: such a
 * value is a defect, not an input, so that nothing is repaired.
 */
export function renderScript(kind: ScriptKind, input: ScriptInput): string {
  assertForms(kind.name, input);
  return [kind.heading, assignments(kind, input), ...fragmentsOf(kind, input.control), 'main "$@"\n'].join('\n');
}

/** All values of a script, and nothing else, are here. */
function assignments(kind: ScriptKind, input: ScriptInput): string {
  const values: Record<string, string> = {
    SCRIPT_NAME: kind.name,
    ...controlValues(input.control),
    LOCAL_API: input.localApiUrl.replace(/\/+$/u, ''),
    PHASE_TOKEN: input.phaseToken,
  };
  if (input.control.kind !== 'supervised') {
    Object.assign(values, {
      GENERATED_AT: input.generatedAt,
      NODE_NAME: `node_${String(input.nodeId)}`,
      SLOT: input.slotName,
      MAIN_HOST: input.mainHost,
      MAIN_PORT: String(input.mainPort),
      MAIN_NAME: displayable(input.mainDisplayName),
      OWN_NAME: displayable(input.ownDisplayName),
      MAJOR: String(input.postgresMajor),
      DATABASE_SAYS: input.dataDirectory ?? '',
      DATABASE_USER: input.databaseUser ?? 'postgres',
      PANEL_URL: input.panelUrl ?? input.localApiUrl,
      CREDENTIAL_TOKEN: input.credentialToken,
      REQUIRED_BYTES: String(Math.ceil(input.requiredBytes)),
      ...kind.values,
    });
  }
  return Object.entries(values)
    .map(([name, value]) => `${name}=${shescape.quote(value)}\n`)
    .join('');
}

function controlValues(control: PostgresControl): Record<string, string> {
  switch (control.kind) {
    case 'docker':
      return { CONTROL_KIND: control.kind, CONTAINER: control.container };
    case 'pg_ctlcluster':
      return { CONTROL_KIND: control.kind, CLUSTER_VERSION: control.version, CLUSTER_NAME: control.name };
    case 'pg_ctl':
      return { CONTROL_KIND: control.kind, CONTROL_DATA_DIR: control.dataDirectory };
    case 'supervised':
      return {};
  }
}

/** A name for a terminal and for curl's arguments: one line, no control characters, no more than 200 characters. */
function displayable(name: string): string {
  return [...name.slice(0, 1_000).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu, ' ')].slice(0, 200).join('').trim();
}

function fragmentsOf(kind: ScriptKind, control: PostgresControl): string[] {
  if (control.kind === 'supervised') return [stateFragment, reportFragment, supervisedFragment];
  const kinds = {
    docker: [dockerControlFragment],
    pg_ctlcluster: [localControlFragment, pgCtlClusterControlFragment],
    pg_ctl: [localControlFragment, pgCtlControlFragment],
  };
  return [
    stateFragment,
    reportFragment,
    kind.usage,
    basicsFragment,
    runStateFragment,
    `DISK_TOOL=$(\n  cat <<'DISK_TOOL'\n${diskToolFragment}DISK_TOOL\n)\n`,
    ...kinds[control.kind],
    preflightFragment,
    joinFragment,
    kind.steps,
    mainFragment,
  ];
}

/** What every kind's script keeps while it runs. */
const stateFragment = bash`
ACTION='join'
REPORTING=yes
WAITING_REPORT=()
`;

const runStateFragment = bash`
STREAM_TIMEOUT=$\{PROXPANEL_STREAM_TIMEOUT:-300}
STOP_TIMEOUT=300
SCRIPT_PATH=$(readlink -f -- "$0" || printf '%s' "$SCRIPT_NAME")
FORCE=no PHASE=preflight FAILURE='' FAILED_LINE='' CHANGED=no WAS_RUNNING=yes
ASIDE='' CONFIG_FILE='' LOG_FILE='' SQL_PORT='' SQL_USER='' WORK=''
MAIN_CONNINFO="host=$(conninfo_value "$MAIN_HOST") port=$MAIN_PORT user=replicator"
STANDBY_CONNINFO="$MAIN_CONNINFO application_name=$NODE_NAME"
`;

const supervisedFragment = bash`
main() {
  clean_environment
  local sentence='No script can stop this PostgreSQL, because something else starts it again. Set POSTGRES_CONTROL to docker:<container>, pg_ctlcluster:<version>/<name> or pg_ctl:<data directory>, restart the panel and get a new script.'
  report preflight failed "$sentence"
  report failed failed "$sentence Nothing was changed."
  warn "$SCRIPT_NAME: $sentence"
  exit 2
}
`;

function assertForms(name: string, input: ScriptInput): void {
  const token = /^[A-Za-z0-9_-]{16,256}$/u;
  const url = /^https?:\/\/[A-Za-z0-9.:[\]_-]+\/?$/u;
  const forms: [string, boolean][] = [
    ['nodeId', Number.isSafeInteger(input.nodeId) && input.nodeId > 0],
    ['slotName', /^[a-z0-9_]{1,63}$/u.test(input.slotName)],
    ['mainHost', /^[A-Za-z0-9.:_-]{1,253}$/u.test(input.mainHost)],
    ['mainPort', Number.isSafeInteger(input.mainPort) && input.mainPort > 0 && input.mainPort < 65_536],
    ['postgresMajor', Number.isSafeInteger(input.postgresMajor) && input.postgresMajor >= 15],
    ['requiredBytes', Number.isFinite(input.requiredBytes) && input.requiredBytes >= 0],
    ['localApiUrl', url.test(input.localApiUrl)],
    ['credentialToken', token.test(input.credentialToken)],
    ['phaseToken', token.test(input.phaseToken)],
  ];
  for (const [value, good] of forms) {
    if (!good) throw new RangeError(`${name} cannot be made: ${value} is not of its form`);
  }
}
