/** Events: into the database when it can be written, else into node.json's journal, with their true time (DESIGN §3). */
import { randomUUID } from 'node:crypto';
import type { ClusterEvent } from '@proxpanel/contracts/events';
import type { EventType, Severity } from '@proxpanel/contracts/roles';
import { Fault } from '../fault.ts';
import type { ClockPort, Ports } from './ports.ts';

/** Enough for months of a bad link; beyond it the oldest go first, so that node.json stays small. */
const journalLimit = 500;

export interface EventInput {
  readonly type: EventType;
  readonly message: string;
  readonly actor: string;
  readonly nodeId?: number | null;
  readonly severity?: Severity;
  readonly rule?: number | null;
  readonly details?: Record<string, unknown>;
}

export function makeEvent(clock: ClockPort, input: EventInput): ClusterEvent {
  return {
    id: randomUUID(),
    at: new Date(clock.nowMs()).toISOString(),
    type: input.type,
    node_id: input.nodeId ?? null,
    actor: input.actor,
    severity: input.severity ?? 'info',
    message: input.message,
    rule: input.rule ?? null,
    details: input.details ?? {},
  };
}

type EventPorts = Pick<Ports, 'log' | 'clock' | 'nodeFile' | 'rows' | 'database'>;

/** Records an event for good: in the journal first when the database cannot take it. Throws only when node.json cannot be written. */
export async function recordEvent(ports: EventPorts, input: EventInput): Promise<ClusterEvent> {
  const event = makeEvent(ports.clock, input);
  const level = event.severity === 'info' ? 'info' : 'warn';
  ports.log[level]({ event: event.type, node_id: event.node_id, actor: event.actor }, event.message);
  if (ports.database.view().state === 'writable') {
    try {
      await ports.rows.appendEvents([event]);
      return event;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      ports.log.warn({ code: error.code }, 'the database did not take an event; it goes to the journal');
    }
  }
  await ports.nodeFile.update((file) => ({ ...file, journal: [...file.journal, event].slice(-journalLimit) }));
  return event;
}

/** Copies the journal into the database; repeatable, because events have ids of their own. */
export async function flushJournal(ports: EventPorts): Promise<void> {
  const { journal } = ports.nodeFile.get();
  if (journal.length === 0 || ports.database.view().state !== 'writable') return;
  await ports.rows.appendEvents(journal);
  const written = new Set(journal.map((event) => event.id));
  await ports.nodeFile.update((file) => ({ ...file, journal: file.journal.filter((event) => !written.has(event.id)) }));
}
