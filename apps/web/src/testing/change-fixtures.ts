/** Canned parts of the status that concern the change of main. */
import type { Divergence } from '@proxpanel/contracts/change-of-main';
import type { Availability } from '@proxpanel/contracts/nodes';
import type { ArbiterStatus, ClusterStatus, DurabilityStatus, FailoverStatus } from '@proxpanel/contracts/status';
import { agoIso } from './node-fixtures.ts';

type ChangeAction = 'hold' | 'end_hold' | 'acknowledge_failover' | 'claim_main' | 'allow_async' | 'rehearse' | 'rejoin';

/** The same answer for each action that concerns the change of main. */
export function changeActions(availability: Availability): Pick<ClusterStatus['actions'], ChangeAction> {
  return {
    hold: availability,
    end_hold: availability,
    acknowledge_failover: availability,
    claim_main: availability,
    allow_async: availability,
    rehearse: availability,
    rejoin: availability,
  };
}

/** All is well: main lives, and that alone is why nothing is done. */
export function failoverReady(changes: Partial<FailoverStatus> = {}): FailoverStatus {
  return {
    armed: false,
    countdown_ms: null,
    sentence: 'Main lives; this server would promote itself after 2 min of silence.',
    blockers: [{ code: 'wal_flows', sentence: 'Main’s WAL still flows: its database lives.' }],
    hold: null,
    last_failover: null,
    ...changes,
  };
}

export const asyncDurability: DurabilityStatus = {
  wanted: 'async',
  state: 'async',
  since: null,
  sentence: 'Writes do not wait for a secondary.',
};

export function arbiterAnswers(changes: Partial<ArbiterStatus> = {}): ArbiterStatus {
  return {
    state: 'ok',
    sentence: 'The arbiter answers and knows this cluster.',
    lease_node_id: 1,
    lease_ttl_ms: 10_000,
    deadline_in_ms: 8_200,
    guard_alive: true,
    ...changes,
  };
}

const foundedId = '9a0e6e4e-2f0b-4b57-8c0b-6b1c2d3e4f50';

export function divergence(changes: Partial<Divergence> = {}): Divergence {
  return {
    at: agoIso(600_000),
    code: 'lsn_past_fork',
    reason: 'This server wrote 4.2 MB after DC2 Secondary had become main.',
    repair: 'rewind',
    own_term: 1,
    own_timeline: 1,
    own_last_lsn: '0/5400000',
    own_promotion_ids: [foundedId],
    main_node_id: 2,
    main_term: 2,
    main_promotion_ids: [foundedId, '1c9d7f10-0b1a-4e2f-9f3a-5d6e7f809101'],
    fork_lsn: '0/5000148',
    bytes_past_fork: 4_193_976,
    rows_since_fork: [
      { table: 'subscribers', rows: 12 },
      { table: 'invoices', rows: 3 },
    ],
    ...changes,
  };
}
