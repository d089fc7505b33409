/** For tests: subscribers in memory, for what is above the database. */
import type { Subscriber } from '@proxpanel/contracts/subscribers';
import { Fault } from '../fault.ts';
import type { Owner, RowTarget, SubscriberStore, SubscriberValues } from './ports.ts';

const START = '2026-11-01T00:00:00.000Z';

/** `fault`: what every call ends with while it is not null. */
export function memorySubscribers(fault: () => Fault | null): SubscriberStore {
  const rows: Subscriber[] = [];
  const check = (): void => {
    const current = fault();
    if (current !== null) throw current;
  };
  const of = (owner: Owner) => rows.filter((row) => owner === null || row.reseller_name === owner);
  const find = (id: number, owner: Owner): Subscriber => {
    const row = of(owner).find((known) => known.id === id);
    if (row === undefined) throw new Fault('NOT_FOUND', 'There is no such subscriber.');
    return row;
  };
  const locked = ({ id, rowVersion, owner }: RowTarget): Subscriber => {
    const row = find(id, owner);
    if (row.row_version !== rowVersion) throw new Fault('ROW_CHANGED', 'It was changed meanwhile.');
    return row;
  };
  return {
    async list({ search, limit }, owner) {
      check();
      const found = of(owner).filter(({ username }) => username.includes(search));
      return { subscribers: found.slice(0, limit), next: null, matches: { count: found.length, more: false } };
    },
    async *stream({ search }, owner) {
      check();
      yield of(owner).filter(({ username }) => username.includes(search));
    },
    async find(id, owner) {
      check();
      return find(id, owner);
    },
    async insert(values, actor) {
      check();
      if (rows.some((known) => known.username === values.username)) {
        throw new Fault('DUPLICATE', `There is a subscriber named ${values.username}.`, { field: 'username' });
      }
      const row = rowOf(values, { id: rows.length + 1, actor });
      rows.unshift(row);
      return row;
    },
    async update(target, values) {
      check();
      const row = locked(target);
      Object.assign(row, { note: values.note ?? row.note, row_version: row.row_version + 1 });
      return row;
    },
    async remove(target) {
      check();
      rows.splice(rows.indexOf(locked(target)), 1);
    },
    usage: async () => ({ days: [] }),
    count: async () => rows.length,
  };
}

function rowOf(
  values: SubscriberValues & { username: string },
  { id, actor }: { id: number; actor: string },
): Subscriber {
  return {
    id,
    username: values.username,
    has_password: values.passwordSealed !== undefined,
    service_id: values.serviceId ?? null,
    service_name: null,
    reseller_id: values.resellerId ?? null,
    reseller_name: values.resellerId === undefined ? null : actor,
    expires_at: values.expiresAt ?? null,
    is_active: values.isActive ?? true,
    is_online: false,
    note: values.note ?? '',
    created_at: START,
    updated_at: START,
    row_version: 0,
  };
}
