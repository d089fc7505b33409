/** What node.json says that this server is. */
export type ConfiguredRole = 'standalone' | 'main' | 'secondary';

/** What the last look at the local PostgreSQL found; `recovery` is `pg_is_in_recovery()` = true. */
export type LocalDatabaseState = 'writable' | 'recovery' | 'starting' | 'down';

export interface RoleFacts {
  readonly configuredRole: ConfiguredRole;
  readonly databaseState: LocalDatabaseState;
}

/**
 * DESIGN §2: a database in recovery makes the node `secondary`, whatever the replicated row or node.json says. A
 * database that cannot be asked proves nothing, so the configured role stands; so does `secondary` while a node that has
 * just joined still runs its own writable database.
 */
export function effectiveRole({ configuredRole, databaseState }: RoleFacts): ConfiguredRole {
  return databaseState === 'recovery' ? 'secondary' : configuredRole;
}

const DESCRIPTIONS: Readonly<Record<ConfiguredRole, Readonly<Record<LocalDatabaseState, string>>>> = {
  standalone: {
    writable: 'Standalone: this server belongs to no cluster and accepts writes.',
    recovery: 'Standalone, but read-only: its database is in recovery and follows no main of this panel.',
    starting: 'Standalone; its database is starting.',
    down: 'Standalone; its database does not answer.',
  },
  main: {
    writable: 'Main: this server accepts the writes of the cluster.',
    recovery:
      'Main, waiting, read-only: its database came up in recovery and is promoted only once it is sure to be main still.',
    starting: 'Main; its database is starting.',
    down: 'Main; its database does not answer.',
  },
  secondary: {
    writable:
      'Secondary, not cloned yet: its own database still accepts writes and will be replaced by a copy of main.',
    recovery: 'Secondary: its database is in recovery, follows main and is read-only.',
    starting: 'Secondary; its database is starting.',
    down: 'Secondary; its database does not answer, or is being replaced.',
  },
};

/** The same facts as one sentence for the admin; "main, waiting, read-only" is a restarted main (DESIGN §6.7). */
export function describeEffectiveRole({ configuredRole, databaseState }: RoleFacts): string {
  return DESCRIPTIONS[configuredRole][databaseState];
}
