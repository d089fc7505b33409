/** What INFO says, as far as the cluster asks. */
import type { RedisView } from '../cluster/ports.ts';
import type { RedisConnection } from './redis-connection.ts';

export interface RedisInfo {
  /** New at each start of Redis. */
  readonly runId: string;
  readonly source: { readonly host: string; readonly port: number } | null;
  /** null on a Redis that follows nobody. */
  readonly linkUp: boolean | null;
  readonly syncing: boolean;
}

export async function readInfo(connection: RedisConnection): Promise<RedisInfo> {
  const fields = new Map<string, string>();
  for (const line of String(await connection.send('INFO')).split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  const follows = fields.get('role') === 'slave';
  return {
    runId: fields.get('run_id') ?? '',
    source: follows ? { host: fields.get('master_host') ?? '', port: Number(fields.get('master_port')) } : null,
    linkUp: follows ? fields.get('master_link_status') === 'up' : null,
    syncing: fields.get('master_sync_in_progress') === '1',
  };
}

export function viewOf(info: RedisInfo, alert: string | null): RedisView {
  if (info.source === null) {
    return {
      state: 'main',
      linkUp: null,
      follows: null,
      alert,
      sentence: alert ?? 'Redis answers and follows nobody.',
    };
  }
  const follows = `${info.source.host}:${info.source.port}`;
  const link = info.linkUp ? 'and the link is up' : info.syncing ? 'and copies its data' : 'but the link is down';
  return {
    state: 'replica',
    linkUp: info.linkUp,
    follows,
    alert: null,
    sentence: `Redis follows ${follows}, ${link}.`,
  };
}

export function downView(sentence: string): RedisView {
  return { state: 'down', linkUp: null, follows: null, alert: null, sentence };
}
