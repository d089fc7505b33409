/**
 * Every route of the product in one table (DESIGN §5). The BFF's routes, the page's client and the OpenAPI page are
 * made from it. `access` says who may call; `runsOn` says where: a `main` route called on a secondary is forwarded
 * when main answers, else 409 NOT_MAIN.
 */
import type { z } from 'zod';
import { clusterEndpoints } from './cluster-endpoints.ts';
import { accountEndpoints } from './account-endpoints.ts';
import { panelEndpoints } from './panel-endpoints.ts';
import { recordEndpoints } from './record-endpoints.ts';
import { serverEndpoints } from './server-endpoints.ts';

export const endpoints = {
  ...panelEndpoints,
  ...accountEndpoints,
  ...recordEndpoints,
  ...clusterEndpoints,
  ...serverEndpoints,
} as const;

export type EndpointName = keyof typeof endpoints;
type Has<Name extends EndpointName, Key extends string> =
  (typeof endpoints)[Name] extends Record<Key, infer Schema extends z.ZodType> ? Schema : never;

/** What a caller sends, before defaults and transforms. */
export type BodyInputOf<Name extends EndpointName> = z.input<Has<Name, 'body'>>;
/** What a handler receives. */
export type BodyOf<Name extends EndpointName> = z.output<Has<Name, 'body'>>;
export type QueryInputOf<Name extends EndpointName> = z.input<Has<Name, 'query'>>;
export type QueryOf<Name extends EndpointName> = z.output<Has<Name, 'query'>>;
export type ReplyOf<Name extends EndpointName> = z.output<Has<Name, 'reply'>>;
