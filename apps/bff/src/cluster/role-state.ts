/**
 * The effective role and the gate, cached and pushed on change, so that the read-only guard costs nothing per request
 * (DESIGN §2, §10). The gate is the BFF's own shutter: writes pass only when it is open *and* the database accepts them.
 */
import type { Role } from '@proxpanel/contracts/roles';
import { effectiveRole } from '@proxpanel/failover/effective-role';
import { configuredRole, mainPeer } from './membership.ts';
import type { DatabaseWatchPort, NodeFilePort } from './ports.ts';

export interface RoleView {
  /** By node.json. */
  readonly configured: Role;
  /** Corrected by the database. */
  readonly effective: Role;
  readonly writesAllowed: boolean;
  /** Why writes are shut, for a person; what they may do, when they are open. */
  readonly sentence: string;
  readonly gateShutBecause: string | null;
  /** Where writes belong, when another server is main. */
  readonly mainApiUrl: string | null;
}

export interface RoleState {
  view(): RoleView;
  shutGate(reason: string): void;
  openGate(): void;
  onChange(listener: (view: RoleView) => void): () => void;
}

export function createRoleState(
  database: Pick<DatabaseWatchPort, 'view' | 'onChange'>,
  nodeFile: NodeFilePort,
): RoleState {
  let gateShutBecause: string | null = null;
  const listeners = new Set<(view: RoleView) => void>();
  let current = compute();

  function compute(): RoleView {
    const file = nodeFile.get();
    const { state } = database.view();
    const configured = configuredRole(file.membership);
    const effective = effectiveRole({ configuredRole: configured, databaseState: state });
    const main = file.membership === null ? null : mainPeer(file.membership);
    const elsewhere = main !== null && configured !== 'main' ? main.api_url : null;
    const base = { configured, effective, gateShutBecause, mainApiUrl: elsewhere };
    if (gateShutBecause !== null) return { ...base, writesAllowed: false, sentence: gateShutBecause };
    if (state === 'recovery') {
      const sentence =
        configured === 'secondary'
          ? 'This server is a secondary: its database follows main and is read-only.'
          : 'The database is in recovery and read-only.';
      return { ...base, writesAllowed: false, sentence };
    }
    // A database that is down is not "read-only": its own error (DATABASE_DOWN) is the truth, so the guard lets it speak.
    // A joined server that has not been cloned yet still has its own database, whose rows the clone will replace.
    if (configured === 'secondary') {
      return {
        ...base,
        writesAllowed: false,
        sentence: 'This server has joined a main server; its own database is about to be replaced.',
      };
    }
    const open = state === 'writable';
    return { ...base, writesAllowed: true, sentence: open ? 'Writes are accepted.' : 'The database is not available.' };
  }

  function refresh(): void {
    const next = compute();
    const changed = JSON.stringify(next) !== JSON.stringify(current);
    current = next;
    if (changed) for (const listener of listeners) listener(next);
  }

  database.onChange(refresh);
  nodeFile.onChange(refresh);
  return {
    view: () => current,
    shutGate(reason) {
      gateShutBecause = reason;
      refresh();
    },
    openGate() {
      gateShutBecause = null;
      refresh();
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
