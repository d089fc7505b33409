/** Made-up subscribers, resellers and services for trials: the same number and seed give the same row on every machine. */
import type { CreateServiceBody } from '@proxpanel/contracts/services';
import { seedNote } from './seed-ports.ts';

export interface SeedRow {
  readonly username: string;
  readonly password: string;
  /** Place in `SEED_SERVICES` and `SEED_RESELLERS`; null: none. */
  readonly service: number | null;
  readonly reseller: number | null;
  /** Hours from the day of the run to the end of what was paid for; null: without end. */
  readonly expiresInHours: number | null;
  readonly isActive: boolean;
  readonly isOnline: boolean;
  readonly note: string;
}

const service = (name: string, downloadMbps: number, months: number, gigabytes: number | null): CreateServiceBody => ({
  name: `Trial ${name}`,
  download_kbps: downloadMbps * 1_000,
  upload_kbps: downloadMbps * 250,
  daily_quota_bytes: null,
  monthly_quota_bytes: gigabytes === null ? null : gigabytes * 1_000_000_000,
  price_minor: downloadMbps * 40 * months,
  expiry_value: months,
  expiry_unit: 'month',
  pool: 'trial',
});

export const SEED_SERVICES: readonly CreateServiceBody[] = [
  service('Home 8', 8, 1, 100),
  service('Home 16', 16, 1, 200),
  service('Home 32', 32, 1, null),
  service('Home 16 quarter', 16, 3, 200),
  service('Home 32 year', 32, 12, null),
  service('Office 50', 50, 1, null),
  service('Office 100', 100, 1, null),
  service('Night 100', 100, 1, 50),
];

/** The first has 30 of 100 subscribers, the second ten in all, the others 4 of 100 each. */
export const SEED_RESELLERS = ['trial.large', 'trial.small', 'trial.3', 'trial.4', 'trial.5', 'trial.6'] as const;
const LARGE = 0;
const SMALL = 1;
const SMALLS_ROWS = 10;
const SMALLS_DISTANCE = 97;

const FIRST = (
  'mohammad ahmad ali hasan hosein reza mehdi amir saeed javad karim majid naser omid parviz rahim sina taha ' +
  'vahid yaser zahra maryam fatemeh leila narges parisa roya samira shirin zeinab azadeh behnaz elham farzaneh ' +
  'golnaz hanieh jila kimia laleh mina nasrin olga pegah raheleh sara tara vida yasaman anna boris carla dmitri'
).split(' ');
const LAST = (
  'karimi ahmadi hosseini rezaei moradi jafari rahimi sadeghi ebrahimi mousavi kazemi hashemi bagheri ghorbani ' +
  'nazari salehi amini heidari soltani rostami yousefi sharifi akbari zare mohammadi bahrami tehrani shirazi ' +
  'tabrizi esfahani mashhadi kermani yazdi hamedani gilani lorestani kurd baluch azari novak weber rossi'
).split(' ');

/** A few first names are far more frequent than the rest, as in life. */
const FREQUENT = 5;
const percentOf = (word: number): number => word % 100;

/** @param number from 0; part of the user name, so that no two are alike. */
export function seedRow(seed: number, number: number): SeedRow {
  const word = (salt: number): number => mix(seed, number, salt);
  const first = FIRST[percentOf(word(1)) < 35 ? word(2) % FREQUENT : word(2) % FIRST.length] ?? '';
  const last = LAST[word(3) % LAST.length] ?? '';
  const realm = percentOf(word(4)) < 50 ? 'isp' : percentOf(word(5)) < 60 ? 'fiber' : 'home';
  const isActive = percentOf(word(6)) >= 4;
  const expiresInHours = hoursLeft(word(7), word(8));
  return {
    // Of another seed no name is the same.
    username: `${first}.${last}.${String(number)}@${realm}${seed === 1 ? '' : String(seed)}`,
    password: word(9).toString(36) + word(10).toString(36),
    service: percentOf(word(11)) < 3 ? null : word(12) % SEED_SERVICES.length,
    reseller: resellerOf(number, percentOf(word(13))),
    expiresInHours,
    isActive,
    isOnline: isActive && (expiresInHours === null || expiresInHours > 0) && percentOf(word(14)) < 35,
    note: seedNote(seed) + String(number),
  };
}

function hoursLeft(kind: number, word: number): number | null {
  const hoursOf = (fromDays: number, toDays: number): number => fromDays * 24 + (word % ((toDays - fromDays) * 24));
  const percent = percentOf(kind);
  if (percent < 5) return null;
  if (percent < 20) return -1 - hoursOf(0, 180);
  return percent < 27 ? 1 + hoursOf(0, 7) : hoursOf(7, 365);
}

function resellerOf(number: number, percent: number): number | null {
  const isSmalls = number % SMALLS_DISTANCE === 0 && number < SMALLS_ROWS * SMALLS_DISTANCE;
  if (isSmalls) return SMALL;
  if (percent < 30) return LARGE;
  return percent < 46 ? SMALL + 1 + Math.floor((percent - 30) / 4) : null;
}

/** 32 bits that look random (the finalizer of MurmurHash3), so that any row can be made without those before it. */
function mix(seed: number, number: number, salt: number): number {
  let word = Math.imul(seed, 0x9e3779b1) ^ Math.imul(number, 0x85ebca6b) ^ Math.imul(salt, 0xc2b2ae35);
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  return (word ^ (word >>> 16)) >>> 0;
}
