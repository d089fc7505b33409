/** Money, rules, settings, who did what, and the first page's counts (DESIGN §5). */
import type { Register } from '../http/call.ts';
import { idOfPath } from '../panel/panel-user.ts';
import type { BandwidthRuleStore, RecordStore, SettingsStore } from '../panel/ports.ts';
import { createDashboard, type DashboardDeps } from '../panel/read-dashboard.ts';

export interface RecordDeps extends DashboardDeps {
  readonly records: RecordStore;
  readonly bandwidthRules: BandwidthRuleStore;
  readonly settings: SettingsStore;
}

export function registerRecordRoutes(register: Register, deps: RecordDeps): void {
  const { records, bandwidthRules, settings } = deps;
  const readDashboard = createDashboard(deps);
  register('dashboard', ({ user }) => readDashboard(user));
  register('listAudit', ({ query }) => records.listAudit(query));
  register('listTransactions', ({ query }) => records.listTransactions(query));
  register('createTransaction', ({ user, body }) => records.insertTransaction(body, user.username));
  register('listInvoices', ({ query }) => records.listInvoices(query));
  register('createInvoice', ({ user, body }) => records.insertInvoice(body, user.username));
  register('changeInvoice', ({ user, params, body }) =>
    records.updateInvoice(idOfPath(params.id, 'invoice'), body, user.username),
  );
  const rule = 'bandwidth rule';
  register('listBandwidthRules', async () => ({ rules: await bandwidthRules.list() }));
  register('createBandwidthRule', ({ user, body }) => bandwidthRules.insert(body, user.username));
  register('changeBandwidthRule', ({ user, params, body }) =>
    bandwidthRules.update(idOfPath(params.id, rule), body, user.username),
  );
  register('removeBandwidthRule', async ({ user, params, body }) => {
    await bandwidthRules.remove(idOfPath(params.id, rule), body.row_version, user.username);
    return { ok: true };
  });
  register('readPanelSettings', () => settings.read());
  register('changePanelSettings', ({ user, body }) => settings.update(body, user.username));
}
