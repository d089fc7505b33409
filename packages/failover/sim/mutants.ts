/**
 * Worlds in which one rule is not kept. A simulator that has never found anything proves nothing: each of these must be
 * caught by the same checks that pass without it.
 */
export const MUTANTS = {
  lease_margin: 'SAFETY §3 Lease: main goes on to the very end of its lease',
  promise: 'SAFETY §3 Arbiter away: a secondary forgets its promise at once',
  just_started:
    'SAFETY §3 Arbiter away: a secondary may be promoted directly after its start, and promises are not on disk',
  grant: 'SAFETY §3 Grant: main rolls back after the grant without a signed "discarded"',
  member_key: 'SAFETY §3 Lease: the arbiter does not compare the member key',
  durability_revision: 'SAFETY §3 Lease: the transaction compares the revision that it has just read itself',
  guard: 'SAFETY §3 Guard: there is none',
  history_check: 'SAFETY §2: a node follows whoever is main',
  whole_list: 'SAFETY §2: a new main whose panel was started again tells a list of promotions with a gap',
  unwritten_fork: "SAFETY §2: a fork that is in no record, and that PostgreSQL's own history knows, does not count",
  newest_list: "SAFETY §2: a server is judged by a list that main said before that server's own end was known",
  wait_one_ttl: 'SAFETY §3 Lease: an arbiter that forgot is believed at once',
  vouching: 'SAFETY §3 Terms: an arbiter that forgot is set up again without asking the others',
  standby_signal: "SAFETY §1 Fail-safe restart: no standby.signal lies in main's data directory",
  names_before_record: 'SAFETY §4 Durability: the record is widened after the names, not before',
} as const;

export type Mutant = keyof typeof MUTANTS;
