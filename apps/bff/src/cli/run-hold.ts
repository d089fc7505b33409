/** `proxpanel-cluster hold`: automatic failover is suspended for a while, or goes on. */
import { Fault } from '../fault.ts';
import { durationMs } from './duration.ts';
import type { OpenPanel } from './open-panel.ts';
import type { Terminal } from './terminal.ts';

export interface HoldOptions {
  readonly for?: string;
  readonly reason?: string;
  readonly end?: boolean;
}

/** INVALID_REQUEST when it is not clear what is meant; the panel's refusals. */
export async function runHold(panel: OpenPanel, terminal: Terminal, options: HoldOptions): Promise<void> {
  if (options.end === true) {
    const { hold } = await panel.api.call('endHold');
    terminal.say(hold === null ? 'There was no hold.' : 'The hold has ended; automatic failover is as it is set.');
    return;
  }
  const { reason } = options;
  if (options.for === undefined || reason === undefined) {
    throw new Fault('INVALID_REQUEST', 'Say for how long and why: hold --for 2h --reason TEXT; or hold --end.');
  }
  const until = new Date(Date.now() + durationMs(options.for)).toISOString();
  const { hold } = await panel.api.call('hold', { body: { until, reason } });
  terminal.say(`No server fails over by itself until ${hold?.until ?? until}.`);
}
