/** Bodies that the panel's records refuse, each with the code and the field that is said back. */
import type { ErrorCode } from '@proxpanel/contracts/error-codes';

export const RESELLER = { username: 'rob', display_name: 'Rob', password: 'resells-it-all' };

type RefusedBody = readonly [path: string, body: unknown, code: ErrorCode, field?: string];

/** Where service "Gold" of this id, a NAS at 10.9.0.1 and the users admin and rob exist. */
export function refusedBodies(serviceId: number): readonly RefusedBody[] {
  const service = { name: 'S', download_kbps: 1, upload_kbps: 1 };
  const nas = { name: 'N', address: '10.9.9.9', secret: 'long-enough' };
  const rule = { service_id: serviceId, name: 'R', from_time: '01:00', to_time: '02:00' };
  return [
    ['/api/services', '{', 'INVALID_JSON'],
    ['/api/services', [], 'INVALID_REQUEST'],
    ['/api/services', 'null', 'INVALID_JSON'],
    ['/api/services', {}, 'INVALID_REQUEST', 'name'],
    ['/api/services', { ...service, name: 7 }, 'INVALID_REQUEST', 'name'],
    ['/api/services', { ...service, name: 'two\nlines' }, 'INVALID_REQUEST', 'name'],
    ['/api/services', { ...service, download_kbps: 0 }, 'INVALID_REQUEST', 'download_kbps'],
    ['/api/services', { ...service, download_kbps: '10' }, 'INVALID_REQUEST', 'download_kbps'],
    ['/api/services', { ...service, price_minor: 0.5 }, 'INVALID_REQUEST', 'price_minor'],
    ['/api/services', { ...service, daily_quota_bytes: 1e300 }, 'INVALID_REQUEST', 'daily_quota_bytes'],
    ['/api/services', { ...service, __proto__x: 1 }, 'INVALID_REQUEST', '__proto__x'],
    ['/api/services', { ...service, name: 'Gold' }, 'DUPLICATE', 'name'],
    ['/api/nas', { ...nas, address: '10.9.9.9; DROP' }, 'INVALID_REQUEST', 'address'],
    ['/api/nas', { ...nas, address: '300.1.1.1' }, 'INVALID_REQUEST', 'address'],
    ['/api/nas', { ...nas, secret: 'short' }, 'INVALID_REQUEST', 'secret'],
    ['/api/nas', { ...nas, type: 'toaster' }, 'INVALID_REQUEST', 'type'],
    ['/api/nas', { ...nas, ports: 70_000 }, 'INVALID_REQUEST', 'ports'],
    ['/api/nas', { ...nas, address: '10.9.0.1' }, 'DUPLICATE', 'address'],
    ['/api/resellers', { ...RESELLER, username: "o'neil" }, 'INVALID_REQUEST', 'username'],
    ['/api/resellers', { ...RESELLER, username: 'x', password: 'short' }, 'INVALID_REQUEST', 'password'],
    ['/api/resellers', { ...RESELLER, username: 'admin' }, 'DUPLICATE', 'username'],
    ['/api/reseller-transactions', { reseller_id: 1, amount_minor: 0 }, 'INVALID_REQUEST', 'amount_minor'],
    ['/api/reseller-transactions', { reseller_id: '1', amount_minor: 1 }, 'INVALID_REQUEST', 'reseller_id'],
    ['/api/reseller-transactions', { reseller_id: 99_999_999_999, amount_minor: 1 }, 'INVALID_REQUEST', 'reseller_id'],
    ['/api/reseller-transactions', { reseller_id: 999_999, amount_minor: 1 }, 'INVALID_REQUEST', 'reseller_id'],
    ['/api/invoices', { subscriber_id: 999_999, amount_minor: 1 }, 'INVALID_REQUEST', 'subscriber_id'],
    ['/api/invoices', { subscriber_id: 1, amount_minor: -1 }, 'INVALID_REQUEST', 'amount_minor'],
    ['/api/invoices', { subscriber_id: 1, amount_minor: 1, due_at: 'soon' }, 'INVALID_REQUEST', 'due_at'],
    ['/api/bandwidth-rules', { ...rule, download_kbps: 1 }, 'INVALID_REQUEST', 'upload_kbps'],
    [
      '/api/bandwidth-rules',
      { ...rule, from_time: '25:00', download_kbps: 1, upload_kbps: 1 },
      'INVALID_REQUEST',
      'from_time',
    ],
    [
      '/api/bandwidth-rules',
      { ...rule, to_time: '01:00', download_kbps: 1, upload_kbps: 1 },
      'INVALID_REQUEST',
      'to_time',
    ],
    ['/api/subscribers', { username: 'x', note: 'a\u0000' }, 'INVALID_REQUEST', 'note'],
    ['/api/subscribers', { username: 'x', expires_at: '0000-01-01T00:00:00Z' }, 'INVALID_REQUEST'],
    ['/api/subscribers', { username: 'x', reseller_id: 999_999 }, 'INVALID_REQUEST', 'reseller_id'],
  ];
}
