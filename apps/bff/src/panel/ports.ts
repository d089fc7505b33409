/**
 * What the panel's operations need from the outside: its tables in the local PostgreSQL and the places where revoked
 * tokens stand. The adapters are in `postgres/` and `redis/`; they speak as the panel's own role, never as superuser.
 * Every call has a time-out of its own. Faults: DATABASE_DOWN, READ_ONLY (recovery), and what a method names.
 */
import type { DashboardReply } from '@proxpanel/contracts/dashboard';
import type { ReplyOf } from '@proxpanel/contracts/endpoints';
import type { ChangeNasBody, CreateNasBody, Nas } from '@proxpanel/contracts/nas';
import type {
  BandwidthRule,
  ChangeBandwidthRuleBody,
  ChangeInvoiceBody,
  ChangePanelSettingsBody,
  CreateBandwidthRuleBody,
  CreateInvoiceBody,
  CreateTransactionBody,
  Invoice,
  PageQuery,
} from '@proxpanel/contracts/records';
import type { Reseller } from '@proxpanel/contracts/resellers';
import type { UserRole } from '@proxpanel/contracts/roles';
import type { ChangeServiceBody, CreateServiceBody, Service } from '@proxpanel/contracts/services';
import type {
  ListSubscribersQuery,
  Subscriber,
  SubscriberFilters,
  SubscriberListReply,
} from '@proxpanel/contracts/subscribers';

export interface StoredUser {
  readonly username: string;
  readonly role: UserRole;
  /** argon2id in PHC form. */
  readonly passwordHash: string;
  /** False: he may not sign in. */
  readonly isActive: boolean;
}

export interface UserStore {
  /** Exact match of the name. */
  findByName(username: string): Promise<StoredUser | null>;
  /** DUPLICATE when the name is taken. */
  insert(user: Omit<StoredUser, 'isActive'>): Promise<void>;
  count(): Promise<number>;
}

/** Whose rows are meant: a reseller's own, or (null) everybody's. A row of somebody else does not exist: NOT_FOUND. */
export type Owner = string | null;

/** What is written of a subscriber; `undefined` leaves a field as it is. Sealed by `ColumnSeal`. */
export interface SubscriberValues {
  readonly username?: string | undefined;
  readonly passwordSealed?: Buffer | undefined;
  readonly serviceId?: number | null | undefined;
  readonly resellerId?: number | null | undefined;
  readonly expiresAt?: string | null | undefined;
  readonly isActive?: boolean | undefined;
  readonly note?: string | undefined;
}

/**
 * Every writing method also writes the audit row, in one transaction with the change. ROW_CHANGED when the row is not at
 * `rowVersion` any more; NOT_FOUND; DUPLICATE for a name that is taken; IN_USE when other rows need it.
 */
export interface SubscriberStore {
  /** INVALID_REQUEST for a cursor that is none. */
  list(query: ListSubscribersQuery, owner: Owner): Promise<SubscriberListReply>;
  /** All that match, by name, some hundreds at a time; ends when the reader stops. */
  stream(filters: SubscriberFilters, owner: Owner): AsyncIterable<readonly Subscriber[]>;
  find(id: number, owner: Owner): Promise<Subscriber>;
  insert(values: SubscriberValues & { readonly username: string }, actor: string): Promise<Subscriber>;
  update(target: RowTarget, values: SubscriberValues, actor: string): Promise<Subscriber>;
  remove(target: RowTarget, actor: string): Promise<void>;
  usage(id: number, owner: Owner): Promise<ReplyOf<'subscriberUsage'>>;
  count(): Promise<number>;
}

export interface RowTarget {
  readonly id: number;
  readonly rowVersion: number;
  readonly owner: Owner;
}

export interface ServiceStore {
  list(): Promise<Service[]>;
  find(id: number): Promise<Service>;
  insert(body: CreateServiceBody, actor: string): Promise<Service>;
  update(id: number, body: ChangeServiceBody, actor: string): Promise<Service>;
  remove(id: number, rowVersion: number, actor: string): Promise<void>;
}

export interface NasStore {
  list(): Promise<Nas[]>;
  find(id: number): Promise<Nas>;
  insert(body: Omit<CreateNasBody, 'secret'> & { readonly secretSealed: Buffer }, actor: string): Promise<Nas>;
  update(
    id: number,
    body: Omit<ChangeNasBody, 'secret'> & { readonly secretSealed?: Buffer | undefined },
    actor: string,
  ): Promise<Nas>;
  remove(id: number, rowVersion: number, actor: string): Promise<void>;
}

export interface ResellerStore {
  list(): Promise<Reseller[]>;
  idOf(username: string): Promise<number | null>;
  insert(
    reseller: { readonly username: string; readonly displayName: string; readonly passwordHash: string },
    actor: string,
  ): Promise<Reseller>;
  update(
    id: number,
    change: {
      readonly rowVersion: number;
      readonly displayName?: string | undefined;
      readonly isActive?: boolean | undefined;
      readonly passwordHash?: string | undefined;
    },
    actor: string,
  ): Promise<Reseller>;
}

/** Newest first; a page goes on after the last row of the one before. INVALID_REQUEST for a cursor of another list. */
export interface RecordStore {
  listAudit(query: PageQuery): Promise<ReplyOf<'listAudit'>>;
  listTransactions(query: PageQuery): Promise<ReplyOf<'listTransactions'>>;
  /** INVALID_REQUEST when there is no such reseller. */
  insertTransaction(body: CreateTransactionBody, actor: string): Promise<ReplyOf<'createTransaction'>>;
  listInvoices(query: PageQuery): Promise<ReplyOf<'listInvoices'>>;
  /** INVALID_REQUEST when there is no such subscriber. */
  insertInvoice(body: CreateInvoiceBody, actor: string): Promise<Invoice>;
  updateInvoice(id: number, body: ChangeInvoiceBody, actor: string): Promise<Invoice>;
}

/** INVALID_REQUEST when there is no such service, or the rule would end when it begins; DUPLICATE within a service. */
export interface BandwidthRuleStore {
  list(): Promise<BandwidthRule[]>;
  insert(body: CreateBandwidthRuleBody, actor: string): Promise<BandwidthRule>;
  update(id: number, body: ChangeBandwidthRuleBody, actor: string): Promise<BandwidthRule>;
  remove(id: number, rowVersion: number, actor: string): Promise<void>;
}

export interface SettingsStore {
  read(): Promise<ReplyOf<'readPanelSettings'>>;
  update(body: ChangePanelSettingsBody, actor: string): Promise<ReplyOf<'readPanelSettings'>>;
}

/** What the dashboard counts, and when it was counted. */
export type DashboardCounts = Pick<DashboardReply, 'counted_at' | 'subscribers' | 'sessions'>;

export interface CountStore {
  /** Of the owner's subscribers and their sessions. A day begins at midnight in the database's time zone. */
  countForDashboard(owner: Owner): Promise<DashboardCounts>;
}

/** Counts of a short while ago, one set for each owner. Neither method throws, or takes more than 300 ms. */
export interface CountCache {
  /** null: there are none, or nobody can tell. */
  read(owner: Owner): Promise<DashboardCounts | null>;
  /** Kept for `keptMs`; where the cache cannot be written (a replica, an outage) nothing is kept. */
  write(owner: Owner, counts: DashboardCounts, keptMs: number): Promise<void>;
}

/** A session that was signed out before its end. */
export interface RevokedSession {
  readonly jti: string;
  /** When it would have ended by itself; milliseconds since 1970. */
  readonly endsAtMs: number;
}

/** Where revoked sessions stand: PostgreSQL, and Redis beside it (DESIGN §11). Both forget those that have ended. */
export interface RevocationStore {
  /** Idempotent. */
  add(revoked: readonly RevokedSession[]): Promise<void>;
  /** All that have not ended by themselves yet. */
  list(): Promise<RevokedSession[]>;
}

/** This server's own copy, which a restart finds whatever the databases do. */
export interface RevocationFile {
  /** As it lay on the disk when the process started. */
  readonly found: readonly KeptRevocation[];
  /** Replaces the copy; bounded, those that the database has go first. HOST_FAULT. */
  save(all: readonly KeptRevocation[]): Promise<void>;
}

export interface KeptRevocation extends RevokedSession {
  /** The local database has it too; the others have still to reach main. */
  readonly stored: boolean;
}
