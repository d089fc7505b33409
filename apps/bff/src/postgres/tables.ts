/** The tables of DESIGN §3 as Kysely sees them; `migrations.ts` makes them. */
import type { ColumnType, Generated } from 'kysely';
import type { ClusterNodeRow } from '@proxpanel/contracts/nodes';
import type { EventType, Role, Severity } from '@proxpanel/contracts/roles';
import type { ClusterSettings } from '@proxpanel/contracts/settings';
import type { PanelTables } from './panel-tables.ts';

/** Read as ISO text, written as ISO text or Date. */
type Timestamp = ColumnType<string, string | Date | undefined, string | Date>;

interface ClusterConfigTable {
  /** Always true: with the primary key on it there is one row (DESIGN §3 "one row, enforced"). */
  the_only: Generated<boolean>;
  cluster_id: string;
  role: Role;
  node_id: number;
  is_active: boolean;
  term: number;
  secret_fingerprint: string;
  settings: ClusterSettings;
  created_at: Timestamp;
  updated_at: Timestamp;
}

type ClusterNodesTable = Omit<ClusterNodeRow, 'id' | 'joined_at'> & {
  id: Generated<number>;
  joined_at: ColumnType<string, string | undefined, string>;
};

interface ClusterEventsTable {
  id: string;
  at: string;
  type: EventType;
  node_id: number | null;
  actor: string;
  severity: Severity;
  message: string;
  rule: number | null;
  details: Record<string, unknown>;
}

interface ClusterPromotionsTable {
  promotion_id: string;
  term: number;
  timeline: number;
  fork_lsn: string;
  node_id: number;
  at: string;
}

interface RevokedTokensTable {
  jti: string;
  expires_at: ColumnType<string, string | Date, string | Date>;
}

export interface Tables extends PanelTables {
  cluster_config: ClusterConfigTable;
  cluster_nodes: ClusterNodesTable;
  cluster_events: ClusterEventsTable;
  cluster_promotions: ClusterPromotionsTable;
  revoked_tokens: RevokedTokensTable;
}
