/** The shape of one row of the endpoint table (DESIGN §5). */
import type { z } from 'zod';

export type Access = 'everyone' | 'user' | 'admin' | 'server' | 'script';

export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Express and react-router share the `:name` form of a path parameter. */
  readonly path: string;
  readonly summary: string;
  readonly access: Access;
  readonly runsOn: 'any' | 'main';
  readonly body?: z.ZodType;
  /** Instead of a JSON body: bytes, as they are, up to so many. */
  readonly bytes?: { readonly types: readonly string[]; readonly limitBytes: number };
  readonly query?: z.ZodType;
  /** Absent where the reply is not JSON; `replyType` then names its media type. */
  readonly reply?: z.ZodType;
  readonly replyType?: string;
  readonly successStatus?: number;
}

/** The path as it is called: each `:name` filled in, so that nothing in a value can end its part of the path. */
export function pathWith(path: string, params: Readonly<Record<string, string | number>>): string {
  return path.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(params[name] ?? '')));
}
