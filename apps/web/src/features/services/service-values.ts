/** A service as it is typed: speeds in Mbit/s, quotas in GB, the price in the currency's larger unit. */
import { serviceSchema, type Service } from '@proxpanel/contracts/services';
import { z } from 'zod';
import { MONEY_DECIMALS, scaledText, SPEED_DECIMALS, TRAFFIC_DECIMALS } from '../../ui/amounts.ts';
import { optionalAmount, typedAmount } from '../../ui/typed-fields.ts';

const wire = serviceSchema.shape;
export const speedSentence = 'Type a speed in Mbit/s such as 10 or 0.512.';
const quota = optionalAmount(TRAFFIC_DECIMALS, 'Type a quota in GB such as 100, or nothing.');

export const serviceFormSchema = z.object({
  name: wire.name,
  download_kbps: typedAmount(SPEED_DECIMALS, speedSentence).pipe(wire.download_kbps),
  upload_kbps: typedAmount(SPEED_DECIMALS, speedSentence).pipe(wire.upload_kbps),
  daily_quota_bytes: quota.pipe(wire.daily_quota_bytes),
  monthly_quota_bytes: quota.pipe(wire.monthly_quota_bytes),
  price_minor: typedAmount(MONEY_DECIMALS, 'Type a price such as 12.50.').pipe(wire.price_minor),
  expiry_value: optionalAmount(0, 'Type a whole number, or nothing.').pipe(wire.expiry_value),
  expiry_unit: wire.expiry_unit,
  pool: wire.pool,
});

export type ServiceValues = z.input<typeof serviceFormSchema>;
export type ServiceOutput = z.output<typeof serviceFormSchema>;

const quotaText = (bytes: number | null): string => (bytes === null ? '' : scaledText(bytes, TRAFFIC_DECIMALS));

export function valuesOf(service: Service | null): ServiceValues {
  if (service === null) {
    return {
      name: '',
      download_kbps: '',
      upload_kbps: '',
      daily_quota_bytes: '',
      monthly_quota_bytes: '',
      price_minor: '0',
      expiry_value: '1',
      expiry_unit: 'month',
      pool: '',
    };
  }
  return {
    name: service.name,
    download_kbps: scaledText(service.download_kbps, SPEED_DECIMALS),
    upload_kbps: scaledText(service.upload_kbps, SPEED_DECIMALS),
    daily_quota_bytes: quotaText(service.daily_quota_bytes),
    monthly_quota_bytes: quotaText(service.monthly_quota_bytes),
    price_minor: scaledText(service.price_minor, MONEY_DECIMALS, MONEY_DECIMALS),
    expiry_value: service.expiry_value === null ? '' : String(service.expiry_value),
    expiry_unit: service.expiry_unit,
    pool: service.pool,
  };
}

export function said(values: ServiceValues): [string, string][] {
  return [
    ['Name', values.name],
    ['Download', values.download_kbps],
    ['Upload', values.upload_kbps],
    ['Daily quota', values.daily_quota_bytes],
    ['Monthly quota', values.monthly_quota_bytes],
    ['Price', values.price_minor],
    ['Valid for', values.expiry_value],
    ['Unit of validity', values.expiry_unit],
    ['Pool', values.pool],
  ];
}

/** "1 month", "30 days", "without end". */
export function validityText({ expiry_value, expiry_unit }: Pick<Service, 'expiry_value' | 'expiry_unit'>): string {
  if (expiry_value === null) return 'without end';
  return `${String(expiry_value)} ${expiry_unit}${expiry_value === 1 ? '' : 's'}`;
}
