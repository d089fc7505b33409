/** Speeds by the time of the day, and the panel's own settings. */
import type { BandwidthRule } from '@proxpanel/contracts/records';
import type { BandwidthRuleStore, SettingsStore } from '../panel/ports.ts';
import { audited, differences, found, refuseOlder, refusedBy } from './panel-audit.ts';
import type { DatabasePool } from './pool.ts';

/** `08:30:00` of the column as `08:30` of the contract. */
const withClockTimes = <Row extends { from_time: string; to_time: string }>(row: Row): Row => ({
  ...row,
  from_time: row.from_time.slice(0, 5),
  to_time: row.to_time.slice(0, 5),
});

const refused = refusedBy({
  duplicate: { name: 'This service has already a rule of this name.' },
  check: { to_time: 'The rule would never hold: it ends when it begins.' },
});

/** Faults as the port says. */
export function createBandwidthRuleStore(panel: DatabasePool): BandwidthRuleStore {
  const { db } = panel;
  return {
    list: () =>
      panel.guard(async () => {
        const rows = await db.selectFrom('bandwidth_rules').selectAll().orderBy('service_id').orderBy('id').execute();
        return rows.map(withClockTimes);
      }),
    insert: (body, actor) =>
      audited(panel, async (change, audit): Promise<BandwidthRule> => {
        const row = await change
          .insertInto('bandwidth_rules')
          .values(body)
          .returningAll()
          .executeTakeFirstOrThrow()
          .catch(refused);
        await audit({ actor, action: 'create', entity: 'bandwidth_rule', entityId: row.id, changes: body });
        return withClockTimes(row);
      }),
    update: (id, { row_version: seen, ...values }, actor) =>
      audited(panel, async (change, audit): Promise<BandwidthRule> => {
        const stored = await change
          .selectFrom('bandwidth_rules')
          .selectAll()
          .where('id', '=', id)
          .forUpdate()
          .executeTakeFirst();
        const before = withClockTimes(found(stored, 'bandwidth rule'));
        refuseOlder(`"${before.name}"`, seen, before.row_version);
        const row = await change
          .updateTable('bandwidth_rules')
          .set({ ...values, row_version: seen + 1 })
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirstOrThrow()
          .catch(refused);
        const changes = differences(before, values);
        await audit({ actor, action: 'change', entity: 'bandwidth_rule', entityId: id, changes });
        return withClockTimes(row);
      }),
    remove: (id, rowVersion, actor) =>
      audited(panel, async (change, audit) => {
        const before = found(
          await change.selectFrom('bandwidth_rules').selectAll().where('id', '=', id).forUpdate().executeTakeFirst(),
          'bandwidth rule',
        );
        refuseOlder(`"${before.name}"`, rowVersion, before.row_version);
        await change.deleteFrom('bandwidth_rules').where('id', '=', id).execute();
        const changes = { name: [before.name, null] };
        await audit({ actor, action: 'remove', entity: 'bandwidth_rule', entityId: id, changes });
      }),
  };
}

const SETTINGS = ['company_name', 'currency', 'support_contact', 'row_version'] as const;

/** One row, made by the migration. Faults as the port says. */
export function createSettingsStore(panel: DatabasePool): SettingsStore {
  const { db } = panel;
  return {
    read: () =>
      panel.guard(async () => {
        const { row_version: rowVersion, ...settings } = await db
          .selectFrom('panel_settings')
          .select(SETTINGS)
          .executeTakeFirstOrThrow();
        return { settings, row_version: rowVersion };
      }),
    update: ({ row_version: seen, ...values }, actor) =>
      audited(panel, async (change, audit) => {
        const before = await change.selectFrom('panel_settings').select(SETTINGS).forUpdate().executeTakeFirstOrThrow();
        refuseOlder('The settings', seen, before.row_version);
        const { row_version: rowVersion, ...settings } = await change
          .updateTable('panel_settings')
          .set({ ...values, row_version: seen + 1 })
          .returning(SETTINGS)
          .executeTakeFirstOrThrow();
        const changes = differences(before, values);
        await audit({ actor, action: 'change', entity: 'settings', entityId: 'panel', changes });
        return { settings, row_version: rowVersion };
      }),
  };
}
