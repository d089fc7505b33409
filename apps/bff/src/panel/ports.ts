/**
 * What the panel's operations need from the outside: its tables in the local PostgreSQL and the places where revoked
 * tokens stand. The adapters are in `postgres/` and `redis/`; they speak as the panel's own role, never as superuser.
 * Every call has a time-out of its own. Faults: DATABASE_DOWN, READ_ONLY (recovery), and what a method names.
 */
import type { Subscriber, SubscriberListReply } from '@proxpanel/contracts/subscribers';
import type { UserRole } from '@proxpanel/contracts/roles';

export interface StoredUser {
  readonly username: string;
  readonly role: UserRole;
  /** argon2id in PHC form. */
  readonly passwordHash: string;
}

export interface UserStore {
  /** Exact match of the name. */
  findByName(username: string): Promise<StoredUser | null>;
  /** DUPLICATE when the name is taken. */
  insert(user: StoredUser): Promise<void>;
  count(): Promise<number>;
}

export interface SubscriberStore {
  /** Newest first; `search` is a part of the name ('' for all), `total` counts every match. */
  list(query: { readonly search: string; readonly limit: number }): Promise<SubscriberListReply>;
  /** DUPLICATE when the name is taken. */
  insert(username: string): Promise<Subscriber>;
  count(): Promise<number>;
}

/** Tokens that were signed out before their end, by `jti`. They stand in PostgreSQL too (DESIGN §11). */
export interface RevocationStore {
  /** Idempotent. */
  add(jti: string, expiresAt: Date): Promise<void>;
  /** Every jti whose token would still be valid now. */
  listUnexpired(): Promise<string[]>;
}
