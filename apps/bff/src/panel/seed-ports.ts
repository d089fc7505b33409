/** What filling a panel with made-up rows needs of its database. */
import type { CreateServiceBody } from '@proxpanel/contracts/services';

/** Every note of a made-up subscriber begins so: that is how the command knows its own, of any seed. */
export const SEED_NOTE = 'Made up (seed ';

/** The beginning of the notes of one seed; the row's number follows. */
export const seedNote = (seed: number): string => `${SEED_NOTE}${String(seed)}): `;

export interface SeedStore {
  /** Whether a subscriber is there that this command did not make. */
  hasRealOnes(): Promise<boolean>;
  /** How many of one seed's rows are there, by number divided by `batchRows`. */
  countMade(seed: number, batchRows: number): Promise<ReadonlyMap<number, number>>;
  /** Adds what is missing by name, and one audit row, in one transaction; ids in the order given. */
  prepare(surroundings: SeedSurroundings): Promise<SeedIds>;
  /** One batch in one transaction; those whose name is taken are left out. Resolves with how many were new. */
  add(rows: Iterable<StoredSeedRow>): Promise<number>;
  /** Brings the planner's figures and the indexes up to date. */
  settle(): Promise<void>;
}

export interface SeedSurroundings {
  readonly services: readonly CreateServiceBody[];
  readonly resellers: readonly string[];
  /** argon2id in PHC form, for resellers that are new. */
  readonly passwordHash: string;
  readonly actor: string;
  /** What the audit row says. */
  readonly audit: { readonly seed: number; readonly subscribers: readonly [before: number, after: number] };
}

export interface SeedIds {
  readonly services: readonly number[];
  readonly resellers: readonly number[];
  readonly newResellers: boolean;
}

export interface StoredSeedRow {
  readonly username: string;
  readonly passwordSealed: Buffer | null;
  readonly serviceId: number | null;
  readonly resellerId: number | null;
  readonly expiresAt: Date | null;
  readonly isActive: boolean;
  readonly openSessions: number;
  readonly note: string;
}
