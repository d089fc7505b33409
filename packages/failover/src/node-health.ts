import { durationInWords } from './words.ts';

/** DESIGN §3, the column `status` of cluster_nodes. */
export type NodeHealthStatus =
  'joining' | 'syncing' | 'online' | 'late' | 'offline' | 'unreachable' | 'fenced' | 'diverged' | 'removed';

export interface NodeHealthFacts {
  readonly storedStatus: NodeHealthStatus;
  /** Age of the node's last heartbeat; null when none has ever come. */
  readonly heartbeatAgeMs: number | null;
  readonly lateAfterMs: number;
  readonly offlineAfterMs: number;
  /** The last probe of the node failed. */
  readonly probeFailed: boolean;
  /** Main's walsender streams to this node. */
  readonly walFlowing: boolean;
  /** A base backup for the node runs, or its last heartbeat says that it clones. Default false. */
  readonly cloning?: boolean;
  /** What the node last said of itself; null or absent: it has not been heard since this process began. */
  readonly standing?: 'following' | 'fenced' | 'diverged' | null;
}

export interface NodeHealth {
  readonly status: NodeHealthStatus;
  /** Number of the row below; an event that follows from it stores it in `rule`. */
  readonly rule: number;
  readonly reason: string;
}

interface Row {
  readonly rule: number;
  readonly status: NodeHealthStatus;
  readonly when: (facts: NodeHealthFacts) => boolean;
  readonly reason: (facts: NodeHealthFacts) => string;
}

const isNew = ({ storedStatus }: NodeHealthFacts): boolean => storedStatus === 'joining' || storedStatus === 'syncing';
const age = ({ heartbeatAgeMs }: NodeHealthFacts): string => durationInWords(heartbeatAgeMs ?? 0);

/** Its own word, which also ends what was stored; until it is heard, what was stored. */
function stands({ standing, storedStatus }: NodeHealthFacts, as: 'fenced' | 'diverged'): boolean {
  return (standing ?? storedStatus) === as;
}

/** A heartbeat of unknown age is not younger than anything. */
function heartbeatYounger(facts: NodeHealthFacts, limitMs: number): boolean {
  return facts.heartbeatAgeMs !== null && facts.heartbeatAgeMs < limitMs;
}

/**
 * The first row whose condition holds is the answer. 1: a removal put the node there, and only a new join takes it out.
 * 2–3: the node says so itself, until it says that it follows again. 4–6: a node that clones, or has yet to send a
 * first heartbeat, is not late. 7–11: everybody else.
 */
const ROWS: readonly Row[] = [
  {
    rule: 1,
    status: 'removed',
    when: ({ storedStatus }) => storedStatus === 'removed',
    reason: () => 'The node was removed from the cluster.',
  },
  {
    rule: 2,
    status: 'diverged',
    when: (facts) => stands(facts, 'diverged'),
    reason: () => 'The node holds rows that main does not have; it stays read-only until an admin has it repaired.',
  },
  {
    rule: 3,
    status: 'fenced',
    when: (facts) => stands(facts, 'fenced'),
    reason: () => 'The writes of the node are shut, and it does not follow main again yet.',
  },
  {
    rule: 4,
    status: 'syncing',
    // pg_basebackup streams WAL too, so flowing WAL does not mean that the clone has ended.
    when: (facts) =>
      facts.cloning === true && (facts.heartbeatAgeMs === null || heartbeatYounger(facts, facts.offlineAfterMs)),
    reason: () => "The node copies main's database.",
  },
  {
    rule: 5,
    status: 'joining',
    when: ({ storedStatus, walFlowing }) => storedStatus === 'joining' && !walFlowing,
    reason: () => 'The node has joined; the copy of the database has not begun.',
  },
  {
    rule: 6,
    status: 'syncing',
    when: (facts) => isNew(facts) && facts.heartbeatAgeMs === null,
    reason: ({ walFlowing }) =>
      walFlowing
        ? 'WAL flows to the node; its first heartbeat is awaited.'
        : 'The first heartbeat of the node is awaited.',
  },
  {
    rule: 7,
    status: 'offline',
    when: (facts) => !heartbeatYounger(facts, facts.offlineAfterMs),
    reason: (facts) =>
      facts.heartbeatAgeMs === null
        ? 'No heartbeat of the node is known.'
        : `The last heartbeat came ${age(facts)} ago; after ${durationInWords(facts.offlineAfterMs)} a node is offline.`,
  },
  {
    rule: 8,
    status: 'late',
    when: (facts) => !heartbeatYounger(facts, facts.lateAfterMs),
    reason: (facts) =>
      `The last heartbeat came ${age(facts)} ago; after ${durationInWords(facts.lateAfterMs)} a node is late.`,
  },
  {
    rule: 9,
    status: 'unreachable',
    when: ({ probeFailed }) => probeFailed,
    reason: (facts) => `The last probe of the node failed, though its heartbeat came ${age(facts)} ago.`,
  },
  {
    rule: 10,
    status: 'online',
    when: ({ walFlowing }) => walFlowing,
    reason: (facts) => `The last heartbeat came ${age(facts)} ago and WAL flows.`,
  },
  {
    rule: 11,
    status: 'syncing',
    when: () => true,
    reason: (facts) => `The last heartbeat came ${age(facts)} ago, but no WAL flows to the node.`,
  },
];

/**
 * The status of a secondary as main sees it (DESIGN §2: late and offline are judged from the heartbeat's age,
 * unreachable is one failed probe; §6.7: online needs a heartbeat and flowing WAL).
 */
export function judgeNodeHealth(facts: NodeHealthFacts): NodeHealth {
  for (const { rule, status, when, reason } of ROWS) {
    if (when(facts)) return { status, rule, reason: reason(facts) };
  }
  throw new Error('The last row of node health holds always.');
}
