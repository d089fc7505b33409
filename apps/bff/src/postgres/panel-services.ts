/** Services, and the routers that ask RADIUS. */
import type { Nas } from '@proxpanel/contracts/nas';
import type { NasStore, ServiceStore } from '../panel/ports.ts';
import { audited, differences, found, refuseOlder, refusedBy } from './panel-audit.ts';
import type { DatabasePool } from './pool.ts';

/** Faults as the port says. */
export function createServiceStore(panel: DatabasePool): ServiceStore {
  const { db } = panel;
  const taken = (name: string) => refusedBy({ duplicate: { name: `There is already a service "${name}".` } });
  return {
    list: () => panel.guard(() => db.selectFrom('services').selectAll().orderBy('name').execute()),
    find: (id) =>
      panel.guard(async () =>
        found(await db.selectFrom('services').selectAll().where('id', '=', id).executeTakeFirst(), 'service'),
      ),
    insert: (body, actor) =>
      audited(panel, async (change, audit) => {
        const row = await change
          .insertInto('services')
          .values(body)
          .returningAll()
          .executeTakeFirstOrThrow()
          .catch(taken(body.name));
        await audit({ actor, action: 'create', entity: 'service', entityId: row.id, changes: body });
        return row;
      }),
    update: (id, { row_version: seen, ...values }, actor) =>
      audited(panel, async (change, audit) => {
        const before = found(
          await change.selectFrom('services').selectAll().where('id', '=', id).forUpdate().executeTakeFirst(),
          'service',
        );
        refuseOlder(`"${before.name}"`, seen, before.row_version);
        const row = await change
          .updateTable('services')
          .set({ ...values, row_version: seen + 1, updated_at: new Date().toISOString() })
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirstOrThrow()
          .catch(taken(values.name ?? ''));
        const changes = differences(before, values);
        await audit({ actor, action: 'change', entity: 'service', entityId: id, changes });
        return row;
      }),
    remove: (id, rowVersion, actor) =>
      audited(panel, async (change, audit) => {
        const before = found(
          await change.selectFrom('services').selectAll().where('id', '=', id).forUpdate().executeTakeFirst(),
          'service',
        );
        refuseOlder(`"${before.name}"`, rowVersion, before.row_version);
        await change
          .deleteFrom('services')
          .where('id', '=', id)
          .execute()
          .catch(refusedBy({ inUse: IN_USE }));
        const changes = { name: [before.name, null] };
        await audit({ actor, action: 'remove', entity: 'service', entityId: id, changes });
      }),
  };
}

const IN_USE = 'This service is still in use; give its subscribers another one first.';

const NAS_COLUMNS = ['id', 'name', 'address', 'type', 'ports', 'created_at', 'updated_at', 'row_version'] as const;

/** Secrets go in sealed and never come out. Faults as the port says. */
export function createNasStore(panel: DatabasePool): NasStore {
  const { db } = panel;
  const taken = refusedBy({
    duplicate: {
      name: 'There is already a NAS device of this name.',
      address: 'There is already a NAS device with this address.',
    },
  });
  return {
    list: () => panel.guard(() => db.selectFrom('nas_devices').select(NAS_COLUMNS).orderBy('name').execute()),
    find: (id) =>
      panel.guard(async () =>
        found(
          await db.selectFrom('nas_devices').select(NAS_COLUMNS).where('id', '=', id).executeTakeFirst(),
          'NAS device',
        ),
      ),
    insert: ({ secretSealed, ...body }, actor) =>
      audited(panel, async (change, audit): Promise<Nas> => {
        const row = await change
          .insertInto('nas_devices')
          .values({ ...body, secret_sealed: secretSealed })
          .returning(NAS_COLUMNS)
          .executeTakeFirstOrThrow()
          .catch(taken);
        const changes = { ...body, secret: 'set' };
        await audit({ actor, action: 'create', entity: 'nas', entityId: row.id, changes });
        return row;
      }),
    update: (id, { row_version: seen, secretSealed, ...values }, actor) =>
      audited(panel, async (change, audit): Promise<Nas> => {
        const before = found(
          await change.selectFrom('nas_devices').selectAll().where('id', '=', id).forUpdate().executeTakeFirst(),
          'NAS device',
        );
        refuseOlder(`"${before.name}"`, seen, before.row_version);
        const secret = secretSealed === undefined ? {} : { secret_sealed: secretSealed };
        const row = await change
          .updateTable('nas_devices')
          .set({ ...values, ...secret, row_version: seen + 1, updated_at: new Date().toISOString() })
          .where('id', '=', id)
          .returning(NAS_COLUMNS)
          .executeTakeFirstOrThrow()
          .catch(taken);
        const changes = {
          ...differences(before, values),
          ...(secretSealed === undefined ? {} : { secret: 'changed' }),
        };
        await audit({ actor, action: 'change', entity: 'nas', entityId: id, changes });
        return row;
      }),
    remove: (id, rowVersion, actor) =>
      audited(panel, async (change, audit) => {
        const before = found(
          await change.selectFrom('nas_devices').selectAll().where('id', '=', id).forUpdate().executeTakeFirst(),
          'NAS device',
        );
        refuseOlder(`"${before.name}"`, rowVersion, before.row_version);
        await change.deleteFrom('nas_devices').where('id', '=', id).execute();
        const changes = { name: [before.name, null] };
        await audit({ actor, action: 'remove', entity: 'nas', entityId: id, changes });
      }),
  };
}
