/** How a command ends when its operation has. */
import type { Operation } from '@proxpanel/contracts/operations';
import { Fault } from '../fault.ts';
import type { Terminal } from './terminal.ts';

/** Says how it went; BLOCKED with the operation's own sentence when it failed or was put back. */
export function endWithOperation({ state, outcome, kind }: Operation, terminal: Terminal): void {
  const sentence = outcome ?? `The operation ${kind} is ${state}.`;
  if (state !== 'completed') throw new Fault('BLOCKED', sentence);
  terminal.say(sentence);
}
