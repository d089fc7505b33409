/** Who asks: an admin for everybody's rows, a reseller for his own. */
import type { User } from '@proxpanel/contracts/auth';
import { Fault } from '../fault.ts';
import type { Owner } from './ports.ts';

export function ownerOf(user: User): Owner {
  return user.role === 'reseller' ? user.username : null;
}

/** The `:id` of a path. NOT_FOUND for what cannot be one: nobody is told more than that there is no such row. */
export function idOfPath(text: string, what: string): number {
  const id = /^[1-9]\d{0,9}$/.test(text) ? Number(text) : 0;
  // The column's own limit.
  if (id === 0 || id > 2_147_483_647) throw new Fault('NOT_FOUND', `There is no such ${what}.`);
  return id;
}
