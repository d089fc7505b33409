/** The business records that are replicated with everything else: money, rules, counters, settings, and who did what. */
import { z } from 'zod';
import { cursorSchema, pageLimitSchema, pageOf } from './paging.ts';
import {
  bytesSchema,
  idSchema,
  lineSchema,
  moneySchema,
  noteSchema,
  priceSchema,
  rowVersionSchema,
  speedKbpsSchema,
  textSchema,
} from './panel-primitives.ts';
import { timestampSchema } from './primitives.ts';

export const pageQuerySchema = z.object({ cursor: cursorSchema.optional(), limit: pageLimitSchema });
export type PageQuery = z.infer<typeof pageQuerySchema>;

/** One row for each thing that an admin or a reseller did; a secret is named, never shown. */
export const auditEntrySchema = z.object({
  id: z.int(),
  at: timestampSchema,
  actor: z.string(),
  action: z.string(),
  entity: z.string(),
  entity_id: z.string(),
  /** Field → [before, after]. */
  changes: z.record(z.string(), z.unknown()),
});
export type AuditEntry = z.infer<typeof auditEntrySchema>;
export const auditPageReplySchema = pageOf(auditEntrySchema);

export const transactionSchema = z.object({
  id: z.int(),
  reseller_id: z.int(),
  reseller_name: z.string(),
  /** Positive: paid in. */
  amount_minor: moneySchema,
  note: z.string(),
  actor: z.string(),
  at: timestampSchema,
});
export const transactionPageReplySchema = pageOf(transactionSchema);
export const createTransactionBodySchema = z
  .object({
    reseller_id: idSchema,
    amount_minor: moneySchema.refine((amount) => amount !== 0, 'The amount is zero.'),
    note: noteSchema,
  })
  .strict();
export type CreateTransactionBody = z.infer<typeof createTransactionBodySchema>;

export const invoiceStatusSchema = z.enum(['open', 'paid', 'cancelled']);
export const invoiceSchema = z.object({
  id: z.int(),
  number: z.string(),
  subscriber_id: z.int().nullable(),
  /** As it was when the invoice was made; it outlives the subscriber. */
  subscriber_name: z.string(),
  amount_minor: priceSchema,
  status: invoiceStatusSchema,
  issued_at: timestampSchema,
  due_at: timestampSchema.nullable(),
  row_version: rowVersionSchema,
});
export type Invoice = z.infer<typeof invoiceSchema>;
export const invoicePageReplySchema = pageOf(invoiceSchema);
export const createInvoiceBodySchema = z
  .object({ subscriber_id: idSchema, amount_minor: priceSchema, due_at: timestampSchema.nullable().default(null) })
  .strict();
export type CreateInvoiceBody = z.infer<typeof createInvoiceBodySchema>;
export const changeInvoiceBodySchema = z
  .object({ row_version: rowVersionSchema, status: invoiceStatusSchema })
  .strict();
export type ChangeInvoiceBody = z.infer<typeof changeInvoiceBodySchema>;

/** Another speed for a service between two times of the day. */
const clockTimeSchema = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'A time looks like 08:30.');
const ruleFields = z.object({
  service_id: idSchema,
  name: lineSchema('The name', 100),
  from_time: clockTimeSchema,
  to_time: clockTimeSchema,
  download_kbps: speedKbpsSchema,
  upload_kbps: speedKbpsSchema,
  is_active: z.boolean(),
});
export const bandwidthRuleSchema = ruleFields.extend({ id: z.int(), row_version: rowVersionSchema });
export type BandwidthRule = z.infer<typeof bandwidthRuleSchema>;
export const createBandwidthRuleBodySchema = ruleFields.extend({ is_active: z.boolean().default(true) }).strict();
export const changeBandwidthRuleBodySchema = ruleFields.partial().extend({ row_version: rowVersionSchema }).strict();
export type CreateBandwidthRuleBody = z.infer<typeof createBandwidthRuleBodySchema>;
export type ChangeBandwidthRuleBody = z.infer<typeof changeBandwidthRuleBodySchema>;
export const bandwidthRuleListReplySchema = z.object({ rules: z.array(bandwidthRuleSchema) });

/** What a subscriber has used, by day: what a fair use policy counts. */
export const usageReplySchema = z.object({
  days: z.array(z.object({ day: z.iso.date(), download_bytes: bytesSchema, upload_bytes: bytesSchema })),
});

/** The panel's own settings, not the cluster's. */
export const panelSettingsSchema = z.object({
  company_name: z.string(),
  /** ISO 4217. */
  currency: z.string(),
  support_contact: z.string(),
});
export type PanelSettings = z.infer<typeof panelSettingsSchema>;
export const panelSettingsReplySchema = z.object({ settings: panelSettingsSchema, row_version: rowVersionSchema });
export const changePanelSettingsBodySchema = z
  .object({
    row_version: rowVersionSchema,
    company_name: lineSchema('The company', 100).optional(),
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/, 'A currency is three capital letters, such as EUR.')
      .optional(),
    support_contact: textSchema('The contact', 200).optional(),
  })
  .strict();
export type ChangePanelSettingsBody = z.infer<typeof changePanelSettingsBodySchema>;
