/** What every operation of the cluster is handed: the ports, this server's own facts, and what it remembers in memory. */
import type { ClusterMemory } from './cluster-memory.ts';
import type { OperationLock } from './operation-lock.ts';
import type { OwnServer } from './own-server.ts';
import type { Ports } from './ports.ts';
import type { RoleState } from './role-state.ts';

export interface ClusterContext extends Ports {
  readonly own: OwnServer;
  readonly memory: ClusterMemory;
  readonly roles: RoleState;
  readonly lock: OperationLock;
}
