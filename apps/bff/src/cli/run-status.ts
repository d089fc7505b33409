/** `proxpanel-cluster status`. */
import type { ClusterStatus } from '@proxpanel/contracts/status';
import { Fault } from '../fault.ts';
import { createPeerHttp } from '../peer/peer-http.ts';
import { judgeStatus } from './judge-status.ts';
import type { OpenPanel } from './open-panel.ts';
import { showStatus } from './show-status.ts';
import type { Terminal } from './terminal.ts';

const mainTimeoutMs = 4_000;

/** Resolves with the exit code: 0 well, 1 degraded, 2 no main that takes writes is known. */
export async function runStatus(
  panel: OpenPanel,
  terminal: Terminal,
  options: { readonly json?: boolean },
): Promise<number> {
  const status = await panel.api.call('clusterStatus');
  const facts = { status, panelRuns: panel.runs, mainTakesWrites: await asksMain(status) };
  const judgement = judgeStatus(facts);
  terminal.say(options.json === true ? JSON.stringify(status, null, 2) : showStatus(facts, judgement).trimEnd());
  return judgement.exitCode;
}

/** Its load balancer's question, which is open to everyone: a panel that answers may still have a database that does not write. */
async function asksMain(status: ClusterStatus): Promise<boolean | null> {
  const main = status.nodes.find((node) => node.is_main);
  if (status.server.role !== 'secondary' || main === undefined) return null;
  const http = createPeerHttp();
  try {
    const { api_url: apiUrl } = main;
    const { status: code } = await http.request({ apiUrl, path: '/primary', method: 'GET', timeoutMs: mainTimeoutMs });
    return code === 200;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return null;
  } finally {
    await http.close();
  }
}
