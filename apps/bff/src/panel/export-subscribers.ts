/** All subscribers that match as CSV, written while they are read: nothing of the size of the whole is ever held. */
import { stringify } from 'csv-stringify/sync';
import type { User } from '@proxpanel/contracts/auth';
import type { Subscriber, SubscriberFilters } from '@proxpanel/contracts/subscribers';
import { ownerOf } from './panel-user.ts';
import type { SubscriberStore } from './ports.ts';

const COLUMNS = [
  'id',
  'username',
  'service_name',
  'reseller_name',
  'expires_at',
  'is_active',
  'is_online',
  'note',
  'created_at',
] as const satisfies readonly (keyof Subscriber)[];

/** A spreadsheet takes what begins so for a formula, and runs it (CSV injection, OWASP): an apostrophe makes it text. */
const FORMULA = /^[=+\-@\t\r]/;

function cell(value: Subscriber[(typeof COLUMNS)[number]]): string {
  const text = value === null ? '' : String(value);
  return FORMULA.test(text) ? `'${text}` : text;
}

/** Lines end with CRLF (RFC 4180). Faults while it runs: DATABASE_DOWN. */
export async function* exportSubscribers(
  deps: { readonly subscribers: Pick<SubscriberStore, 'stream'> },
  user: User,
  filters: SubscriberFilters,
): AsyncGenerator<string> {
  const options = { record_delimiter: '\r\n' };
  yield stringify([[...COLUMNS]], options);
  for await (const rows of deps.subscribers.stream(filters, ownerOf(user))) {
    yield stringify(
      rows.map((row) => COLUMNS.map((name) => cell(row[name]))),
      options,
    );
  }
}
