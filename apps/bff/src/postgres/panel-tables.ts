/** The panel's tables as Kysely sees them; `panel-migration.ts` makes them. Versions and times are set by the writing code. */
import type { ColumnType, Generated } from 'kysely';
import type { invoiceStatusSchema } from '@proxpanel/contracts/records';
import type { UserRole } from '@proxpanel/contracts/roles';
import type { expiryUnitSchema } from '@proxpanel/contracts/services';
import type { nasTypeSchema } from '@proxpanel/contracts/nas';
import type { z } from 'zod';

/** Read as ISO text, written as ISO text; absent: the database's own now. */
type Timestamp = ColumnType<string, string | undefined, string>;
type OptionalTimestamp = ColumnType<string | null, string | null | undefined, string | null>;
type Version = ColumnType<number, number | undefined, number>;

interface UsersTable {
  id: Generated<number>;
  username: string;
  role: UserRole;
  password_hash: string;
  display_name: Generated<string>;
  is_active: Generated<boolean>;
  created_at: Timestamp;
  row_version: Version;
}

interface ServicesTable {
  id: Generated<number>;
  name: string;
  download_kbps: number;
  upload_kbps: number;
  daily_quota_bytes: number | null;
  monthly_quota_bytes: number | null;
  price_minor: number;
  expiry_value: number | null;
  expiry_unit: z.infer<typeof expiryUnitSchema>;
  pool: string;
  created_at: Timestamp;
  updated_at: Timestamp;
  row_version: Version;
}

interface SubscribersTable {
  id: Generated<number>;
  username: string;
  /** In lower case; the database's own work. */
  name_key: ColumnType<string, never, never>;
  password_sealed: Buffer | null;
  service_id: number | null;
  reseller_id: number | null;
  expires_at: OptionalTimestamp;
  is_active: Generated<boolean>;
  open_sessions: Generated<number>;
  note: Generated<string>;
  created_at: Timestamp;
  updated_at: Timestamp;
  row_version: Version;
}

interface NasDevicesTable {
  id: Generated<number>;
  name: string;
  address: string;
  type: z.infer<typeof nasTypeSchema>;
  ports: number | null;
  secret_sealed: Buffer;
  created_at: Timestamp;
  updated_at: Timestamp;
  row_version: Version;
}

interface AuditLogTable {
  id: Generated<number>;
  at: Timestamp;
  actor: string;
  action: string;
  entity: string;
  entity_id: string;
  changes: ColumnType<Record<string, unknown>, string, never>;
}

interface ResellerTransactionsTable {
  id: Generated<number>;
  reseller_id: number;
  amount_minor: number;
  note: string;
  actor: string;
  at: Timestamp;
}

interface InvoicesTable {
  id: Generated<number>;
  subscriber_id: number | null;
  subscriber_name: string;
  amount_minor: number;
  status: ColumnType<z.infer<typeof invoiceStatusSchema>, never, z.infer<typeof invoiceStatusSchema>>;
  issued_at: Timestamp;
  due_at: OptionalTimestamp;
  row_version: Version;
}

interface BandwidthRulesTable {
  id: Generated<number>;
  service_id: number;
  name: string;
  /** `08:30:00`. */
  from_time: string;
  to_time: string;
  download_kbps: number;
  upload_kbps: number;
  is_active: boolean;
  row_version: Version;
}

interface FupCountersTable {
  subscriber_id: number;
  day: string;
  download_bytes: number;
  upload_bytes: number;
}

interface PanelSettingsTable {
  the_only: Generated<boolean>;
  company_name: string;
  currency: string;
  support_contact: string;
  row_version: Version;
}

interface RadacctTable {
  radacctid: Generated<number>;
  acctsessionid: string;
  acctuniqueid: string;
  username: string | null;
  nasipaddress: string;
  acctstarttime: OptionalTimestamp;
  acctupdatetime: OptionalTimestamp;
  acctstoptime: OptionalTimestamp;
  acctinputoctets: number | null;
  acctoutputoctets: number | null;
}

/** Kept by the database alone. */
interface ResellerCountsTable {
  reseller_id: number;
  subscribers: number;
}

export interface PanelTables {
  users: UsersTable;
  services: ServicesTable;
  subscribers: SubscribersTable;
  nas_devices: NasDevicesTable;
  audit_log: AuditLogTable;
  reseller_transactions: ResellerTransactionsTable;
  invoices: InvoicesTable;
  bandwidth_rules: BandwidthRulesTable;
  fup_counters: FupCountersTable;
  panel_settings: PanelSettingsTable;
  reseller_counts: ResellerCountsTable;
  radacct: RadacctTable;
}
