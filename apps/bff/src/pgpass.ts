/** libpq's password file: handed to the generated script by `cluster/`, kept in the data directory by `postgres/`. */
import type { Login } from '@proxpanel/contracts/peer';

/** `host:port:database:user:password` with `:` and `\` escaped. Any database: pg_rewind uses it as well. */
export function pgpassLine(source: { readonly host: string; readonly port: number; readonly login: Login }): string {
  const field = (text: string): string => text.replace(/[\\:]/g, '\\$&');
  const { host, port, login } = source;
  return `${field(host)}:${String(port)}:*:${field(login.user)}:${field(login.password)}\n`;
}
