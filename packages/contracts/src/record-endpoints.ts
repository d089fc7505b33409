/** Money, rules, settings, the audit log and uploads: rows of the endpoint table. */
import type { Endpoint } from './endpoint.ts';
import { okReplySchema } from './primitives.ts';
import * as records from './records.ts';
import * as subscribers from './subscribers.ts';
import * as uploads from './uploads.ts';

const admins = { access: 'admin', runsOn: 'any' } as const;
const rowVersionBody = subscribers.rowVersionBodySchema;

export const recordEndpoints = {
  listAudit: {
    ...admins,
    method: 'GET',
    path: '/api/audit-log',
    summary: 'Who did what, newest first',
    query: records.pageQuerySchema,
    reply: records.auditPageReplySchema,
  },
  listTransactions: {
    ...admins,
    method: 'GET',
    path: '/api/reseller-transactions',
    summary: "Resellers' money, newest first",
    query: records.pageQuerySchema,
    reply: records.transactionPageReplySchema,
  },
  createTransaction: {
    ...admins,
    method: 'POST',
    path: '/api/reseller-transactions',
    summary: 'Record a payment or a charge',
    body: records.createTransactionBodySchema,
    reply: records.transactionSchema,
    successStatus: 201,
  },
  listInvoices: {
    ...admins,
    method: 'GET',
    path: '/api/invoices',
    summary: 'Invoices, newest first',
    query: records.pageQuerySchema,
    reply: records.invoicePageReplySchema,
  },
  createInvoice: {
    ...admins,
    method: 'POST',
    path: '/api/invoices',
    summary: 'Make an invoice',
    body: records.createInvoiceBodySchema,
    reply: records.invoiceSchema,
    successStatus: 201,
  },
  changeInvoice: {
    ...admins,
    method: 'PATCH',
    path: '/api/invoices/:id',
    summary: 'Paid, or cancelled',
    body: records.changeInvoiceBodySchema,
    reply: records.invoiceSchema,
  },
  listBandwidthRules: {
    ...admins,
    method: 'GET',
    path: '/api/bandwidth-rules',
    summary: 'Speeds by the time of the day',
    reply: records.bandwidthRuleListReplySchema,
  },
  createBandwidthRule: {
    ...admins,
    method: 'POST',
    path: '/api/bandwidth-rules',
    summary: 'Add a bandwidth rule',
    body: records.createBandwidthRuleBodySchema,
    reply: records.bandwidthRuleSchema,
    successStatus: 201,
  },
  changeBandwidthRule: {
    ...admins,
    method: 'PATCH',
    path: '/api/bandwidth-rules/:id',
    summary: 'Change a bandwidth rule',
    body: records.changeBandwidthRuleBodySchema,
    reply: records.bandwidthRuleSchema,
  },
  removeBandwidthRule: {
    ...admins,
    method: 'DELETE',
    path: '/api/bandwidth-rules/:id',
    summary: 'Remove a bandwidth rule',
    body: rowVersionBody,
    reply: okReplySchema,
  },
  readPanelSettings: {
    access: 'user',
    runsOn: 'any',
    method: 'GET',
    path: '/api/settings',
    summary: "The panel's own settings",
    reply: records.panelSettingsReplySchema,
  },
  changePanelSettings: {
    ...admins,
    method: 'PATCH',
    path: '/api/settings',
    summary: "Change the panel's own settings",
    body: records.changePanelSettingsBodySchema,
    reply: records.panelSettingsReplySchema,
  },
  listUploads: {
    access: 'everyone',
    runsOn: 'any',
    method: 'GET',
    path: '/api/uploads',
    summary: 'Which pictures there are: the sign-in page shows them',
    reply: uploads.uploadListReplySchema,
  },
  readUpload: {
    access: 'everyone',
    runsOn: 'any',
    method: 'GET',
    path: '/api/uploads/:kind',
    summary: 'One picture',
    query: uploads.readUploadQuerySchema,
    replyType: 'image/*',
  },
  putUpload: {
    ...admins,
    method: 'PUT',
    path: '/api/uploads/:kind',
    summary: 'Upload a picture',
    bytes: { types: uploads.IMAGE_TYPES, limitBytes: uploads.UPLOAD_LIMIT_BYTES },
    reply: uploads.uploadSchema,
  },
  removeUpload: {
    ...admins,
    method: 'DELETE',
    path: '/api/uploads/:kind',
    summary: 'Take a picture away',
    reply: okReplySchema,
  },
} as const satisfies Record<string, Endpoint>;
