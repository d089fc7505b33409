/** What a person sent of a subscriber, as it is written: sealed, dated, and owned by whom it must be. */
import { add, type Duration } from 'date-fns';
import type { User } from '@proxpanel/contracts/auth';
import type { Service } from '@proxpanel/contracts/services';
import type { ChangeSubscriberBody } from '@proxpanel/contracts/subscribers';
import { Fault } from '../fault.ts';
import type { ResellerStore, ServiceStore, SubscriberStore, SubscriberValues } from './ports.ts';
import type { ColumnSeal } from './seal-column.ts';

export interface SubscriberDeps {
  readonly subscribers: SubscriberStore;
  readonly services: ServiceStore;
  readonly resellers: ResellerStore;
  readonly seal: ColumnSeal;
  readonly nowMs: () => number;
}

/** Faults: ADMIN_ONLY when a reseller names another's, NOT_AVAILABLE for a password without a key to seal it with. */
export function writtenValues(
  { seal }: Pick<SubscriberDeps, 'seal'>,
  user: User,
  body: Partial<Omit<ChangeSubscriberBody, 'row_version'>>,
): SubscriberValues {
  if (user.role === 'reseller' && body.reseller_id !== undefined) {
    throw new Fault('ADMIN_ONLY', 'Only an admin gives a subscriber to another reseller.', { field: 'reseller_id' });
  }
  return {
    username: body.username,
    passwordSealed: body.password === undefined ? undefined : seal.seal(body.password),
    serviceId: body.service_id,
    resellerId: body.reseller_id,
    expiresAt: body.expires_at,
    isActive: body.is_active,
    note: body.note,
  };
}

const units: Readonly<Record<Service['expiry_unit'], keyof Duration>> = {
  hour: 'hours',
  day: 'days',
  week: 'weeks',
  month: 'months',
  year: 'years',
};

/** When what was bought now ends; null: never. A month later is the same day of the next month, or its last. */
export function endOfValidity(service: Pick<Service, 'expiry_value' | 'expiry_unit'>, nowMs: number): string | null {
  if (service.expiry_value === null) return null;
  return add(nowMs, { [units[service.expiry_unit]]: service.expiry_value }).toISOString();
}
