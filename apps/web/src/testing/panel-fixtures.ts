/** Canned rows of the panel. The client holds each reply against the contracts when it is used in a test. */
import type { MeReply } from '@proxpanel/contracts/auth';
import type { DashboardReply } from '@proxpanel/contracts/dashboard';
import type { ReplyOf } from '@proxpanel/contracts/endpoints';
import type { Nas } from '@proxpanel/contracts/nas';
import type { AuditEntry, BandwidthRule, Invoice } from '@proxpanel/contracts/records';
import type { Reseller } from '@proxpanel/contracts/resellers';
import type { UserRole } from '@proxpanel/contracts/roles';
import type { Service } from '@proxpanel/contracts/services';
import type { Subscriber, SubscriberListReply } from '@proxpanel/contracts/subscribers';
import { agoIso } from './node-fixtures.ts';

const dayMs = 86_400_000;

export function me(role: UserRole): MeReply {
  return {
    user: { username: role, role },
    accounts_from_main_since: null,
    writes: { allowed: true, sentence: 'Writes are accepted.', main_url: null },
    keeps_secrets: true,
  };
}

/** What a secondary says of itself. */
export const closedWrites: MeReply['writes'] = {
  allowed: false,
  sentence: 'This server is a secondary: changes are made on DC1 Primary (10.0.0.1).',
  main_url: 'http://10.0.0.1',
};

export function panelSettings(): ReplyOf<'readPanelSettings'> {
  return {
    settings: { company_name: 'North Net', currency: 'EUR', support_contact: 'help@north.example' },
    row_version: 1,
  };
}

export function subscriber(changes: Partial<Subscriber> = {}): Subscriber {
  return {
    id: 1,
    username: 'amina',
    has_password: true,
    service_id: 1,
    service_name: 'Silver',
    reseller_id: null,
    reseller_name: null,
    expires_at: agoIso(-30 * dayMs),
    is_active: true,
    is_online: false,
    note: '',
    created_at: agoIso(10 * dayMs),
    updated_at: agoIso(dayMs),
    row_version: 4,
    ...changes,
  };
}

export function subscriberPage(
  subscribers: readonly Subscriber[],
  changes: Partial<SubscriberListReply> = {},
): SubscriberListReply {
  return {
    subscribers: [...subscribers],
    next: null,
    matches: { count: subscribers.length, more: false },
    ...changes,
  };
}

export function service(changes: Partial<Service> = {}): Service {
  return {
    id: 1,
    name: 'Silver',
    download_kbps: 20_000,
    upload_kbps: 512,
    daily_quota_bytes: null,
    monthly_quota_bytes: 100_000_000_000,
    price_minor: 1_999,
    expiry_value: 1,
    expiry_unit: 'month',
    pool: 'pool-a',
    created_at: agoIso(90 * dayMs),
    updated_at: agoIso(90 * dayMs),
    row_version: 2,
    ...changes,
  };
}

export function rule(changes: Partial<BandwidthRule> = {}): BandwidthRule {
  return {
    id: 7,
    service_id: 1,
    name: 'Night',
    from_time: '00:00',
    to_time: '06:30',
    download_kbps: 50_000,
    upload_kbps: 5_000,
    is_active: true,
    row_version: 0,
    ...changes,
  };
}

export function nas(changes: Partial<Nas> = {}): Nas {
  return {
    id: 3,
    name: 'Tower 1',
    address: '10.1.0.1',
    type: 'mikrotik',
    ports: null,
    created_at: agoIso(90 * dayMs),
    updated_at: agoIso(90 * dayMs),
    row_version: 0,
    ...changes,
  };
}

export function reseller(changes: Partial<Reseller> = {}): Reseller {
  return {
    id: 5,
    username: 'north',
    display_name: 'North Shop',
    is_active: true,
    subscriber_count: 12,
    balance_minor: -505,
    created_at: agoIso(90 * dayMs),
    row_version: 1,
    ...changes,
  };
}

export function invoice(changes: Partial<Invoice> = {}): Invoice {
  return {
    id: 9,
    number: 'INV-9',
    subscriber_id: 1,
    subscriber_name: 'amina',
    amount_minor: 1_999,
    status: 'open',
    issued_at: agoIso(dayMs),
    due_at: null,
    row_version: 0,
    ...changes,
  };
}

export function auditEntry(changes: Partial<AuditEntry> = {}): AuditEntry {
  return {
    id: 100,
    at: agoIso(60_000),
    actor: 'admin',
    action: 'change',
    entity: 'subscriber',
    entity_id: '1',
    changes: { note: ['', 'pays in cash'], password: 'changed' },
    ...changes,
  };
}

export function dashboard(changes: Partial<DashboardReply> = {}): DashboardReply {
  return {
    counted_at: agoIso(12_000),
    source: 'cache',
    subscribers: { total: 12_480, online: 7_310, active: 12_001, expired: 401, expiring_in_7_days: 78 },
    sessions: { open: 7_322, started_today: 20_115 },
    server: { cpu_percent: 21, memory_percent: 48, disk_percent: null },
    ...changes,
  };
}
