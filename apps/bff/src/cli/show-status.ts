/** The status as a page of text. Pure. */
import type { StatusNode } from '@proxpanel/contracts/nodes';
import type { ClusterStatus } from '@proxpanel/contracts/status';
import type { StatusFacts, StatusJudgement } from './judge-status.ts';

const labelWidth = 11;

export function showStatus(facts: StatusFacts, { faults, next }: StatusJudgement): string {
  const { status, panelRuns } = facts;
  const lines = [
    `${titleOf(status)}`,
    '',
    field('panel', panelRuns ? `runs, version ${status.server.version}` : 'STOPPED; asked by this command alone'),
    field('database', `${status.database.state}: ${status.database.sentence}`),
    field('writes', status.writes.sentence),
    field('redis', `${status.redis.state}: ${status.redis.sentence}`),
  ];
  if (status.server.role === 'secondary') lines.push(field('main', mainLine(facts)));
  if (status.cluster !== null) {
    lines.push(field('arbiter', status.arbiter?.sentence ?? 'none'));
    if (status.durability !== null)
      lines.push(field('durability', `${status.durability.state}: ${status.durability.sentence}`));
  }
  if (status.nodes.length > 0) lines.push('', ...nodeTable(status));
  lines.push(...failoverLines(status), ...operationLines(status));
  if (faults.length > 0) lines.push('', 'Not well:', ...faults.map((fault) => `  - ${fault}`));
  lines.push('', field('next', next));
  return `${lines.join('\n')}\n`;
}

function titleOf({ server, cluster }: ClusterStatus): string {
  if (cluster === null) return 'This server stands alone.';
  const name = server.display_name ?? 'This server';
  const node = server.node_id === null ? '' : ` (node ${String(server.node_id)})`;
  const corrected = server.effective_role === server.role ? '' : `, in effect ${server.effective_role}`;
  return `${name}${node}: ${server.role}${corrected}, term ${String(cluster.term)}. ${server.role_sentence}`;
}

function mainLine({ status, mainTakesWrites }: StatusFacts): string {
  const name = status.nodes.find((node) => node.is_main)?.display_name ?? 'unknown';
  if (mainTakesWrites === true) return `${name} takes writes`;
  return mainTakesWrites === false ? `${name} answers and takes NO writes` : `${name} does not answer`;
}

function field(label: string, text: string): string {
  return `${label.padEnd(labelWidth)}${text}`;
}

function nodeTable(status: ClusterStatus): string[] {
  const asOfMs = Date.parse(status.as_of);
  const rows = status.nodes
    .filter((node) => node.status !== 'removed')
    .map((node) => [
      `${node.is_self ? '*' : ' '}${String(node.id)}`,
      node.display_name,
      node.is_main ? 'main' : 'secondary',
      node.status,
      node.is_main ? '-' : lagOf(node),
      node.is_self ? 'here' : seenOf(node, asOfMs),
      node.version,
    ]);
  const table = [['node', 'name', 'role', 'status', 'lag', 'seen', 'version'], ...rows];
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  return table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** Unknown is never shown as 0. */
function lagOf({ replication_lag_bytes: bytes, replication_lag_seconds: seconds }: StatusNode): string {
  if (bytes === null && seconds === null) return 'unknown';
  const shown = [
    bytes === null ? null : bytesInWords(bytes),
    seconds === null ? null : `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`,
  ];
  return shown.filter((part) => part !== null).join(', ');
}

function bytesInWords(bytes: number): string {
  if (bytes < 1_000_000) return `${String(Math.ceil(bytes / 1_000))} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

function seenOf({ last_seen_at: seen }: StatusNode, asOfMs: number): string {
  if (seen === null) return 'never';
  const seconds = Math.max(0, Math.round((asOfMs - Date.parse(seen)) / 1_000));
  return seconds < 120 ? `${String(seconds)} s ago` : `${String(Math.round(seconds / 60))} min ago`;
}

function failoverLines({ failover, cluster, as_of: asOf }: ClusterStatus): string[] {
  if (failover === null) return [];
  const isOn = cluster?.settings.auto_failover === true ? 'on' : 'off';
  const lines = ['', field('failover', `automatic failover is ${isOn}. ${failover.sentence}`)];
  for (const { sentence } of failover.blockers) lines.push(field('', `- ${sentence}`));
  const { hold } = failover;
  if (hold !== null && Date.parse(hold.until) > Date.parse(asOf)) {
    lines.push(field('hold', `until ${hold.until} by ${hold.actor}: ${hold.reason}`));
  }
  return lines;
}

function operationLines({ operation }: ClusterStatus): string[] {
  if (operation?.state !== 'running') return [];
  const phase = operation.phases.find(({ state }) => state === 'running');
  const at = phase === undefined ? '' : `, at ${phase.name}`;
  return [field('operation', `${operation.kind} runs since ${operation.started_at}${at} (${operation.actor})`)];
}
