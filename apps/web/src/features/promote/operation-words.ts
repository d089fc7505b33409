/** Operations and their phases in the words of the page. A phase that is not listed is shown by its own name. */
import type { Operation } from '@proxpanel/contracts/operations';
import { wordText } from '../../ui/format.ts';

const kinds: Record<Operation['kind'], string> = {
  switchover: 'Planned switchover',
  automatic_failover: 'Automatic failover',
  hand_over: 'Hand-over to a secondary',
  resume_main: 'Return as main',
  emergency_promotion: 'Emergency promotion',
  rejoin: 'Rejoin',
};

export function operationName(kind: Operation['kind']): string {
  return kinds[kind];
}

const phases = new Map<string, string>([
  // Main's side of a planned change.
  ['check', 'Check'],
  ['shut_gate', 'Shut the gate: writes pause'],
  ['shut_database', 'Put main’s database into recovery'],
  ['hand_over', 'Ask the candidate to take over'],
  ['await_grant', 'Grant: the point of no return'],
  ['await_new_main', 'Wait for the new main'],
  ['follow_new_main', 'Follow the new main'],
  // Taking it back.
  ['withdraw', 'Take the request back'],
  ['resume_database', 'Take the database out of recovery again'],
  ['open_gate', 'Open the gate: writes go on'],
  // The candidate's side, and every promotion.
  ['fence_main', 'Shut the old main’s writes'],
  ['prepare_candidate', 'Make the candidate ready'],
  ['reach_end', 'Receive the last of main’s writes'],
  ['ask_grant', 'Ask main’s leave: the point of no return'],
  ['take_lease', 'Take the arbiter’s lease'],
  ['promote_database', 'Promote the database'],
  ['record_promotion', 'Record the promotion'],
  ['checkpoint', 'First checkpoint'],
  ['promote_redis', 'Promote Redis'],
  ['announce', 'Tell the other servers'],
  // A main that comes back.
  ['confirm_main', 'Ask the others who is main'],
]);

export function phaseName(name: string): string {
  return phases.get(name) ?? wordText(name);
}

/** The kinds in which main gives leave: until then everything can be taken back (SAFETY §3 "Grant"). */
const withGrant: ReadonlySet<Operation['kind']> = new Set<Operation['kind']>(['switchover', 'hand_over']);

/** On which side of the point of no return a running operation is; null where there is nothing to say. */
export function grantSentence({ kind, state, granted }: Operation): string | null {
  if (state !== 'running') return null;
  if (granted) return 'Past the point of no return: it is carried through, and a step that fails is tried again.';
  if (!withGrant.has(kind)) return null;
  return 'Before the point of no return: if a step fails now, all is taken back and the main server stays main.';
}

export const operationStateWords: Record<Operation['state'], string> = {
  running: 'running',
  completed: 'completed',
  failed: 'failed',
  rolled_back: 'rolled back',
};
