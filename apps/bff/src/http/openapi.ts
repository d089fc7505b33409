/** The OpenAPI description, made from the endpoint table and its schemas (DESIGN §5); nothing is described twice. */
import type { Endpoint } from '@proxpanel/contracts/endpoint';
import { endpoints, type EndpointName } from '@proxpanel/contracts/endpoints';
import { errorReplySchema } from '@proxpanel/contracts/error-codes';
import { z } from 'zod';
import { SESSION_COOKIE } from './session-cookie.ts';

type JsonSchema = Record<string, unknown>;

const securitySchemes = {
  session: { type: 'apiKey', in: 'cookie', name: SESSION_COOKIE },
  bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
  clusterToken: {
    type: 'apiKey',
    in: 'header',
    name: 'X-Cluster-Token',
    description: 'A short-lived proof of the cluster secret; servers alone can make one.',
  },
};

const securityByAccess: Record<Endpoint['access'], readonly Record<string, never[]>[]> = {
  everyone: [],
  user: [{ session: [] }, { bearer: [] }],
  admin: [{ session: [] }, { bearer: [] }],
  server: [{ clusterToken: [] }],
  script: [{ bearer: [] }],
};

/** Describes the named rows as an OpenAPI 3.1 document. */
export function describeApi(names: readonly EndpointName[], version: string): JsonSchema {
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const name of names) {
    const endpoint: Endpoint = endpoints[name];
    const path = endpoint.path.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [endpoint.method.toLowerCase()]: describeOperation(name, endpoint) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'ProxPanel', version },
    paths,
    components: { securitySchemes, schemas: { Error: schemaOf(errorReplySchema, 'output') } },
  };
}

function describeOperation(name: EndpointName, endpoint: Endpoint): JsonSchema {
  const isForm = endpoint.access === 'script';
  const bodyType = isForm ? 'application/x-www-form-urlencoded' : 'application/json';
  return {
    operationId: name,
    summary: endpoint.summary,
    security: securityByAccess[endpoint.access],
    parameters: [...pathParameters(endpoint.path), ...queryParameters(endpoint.query)],
    ...(endpoint.body === undefined
      ? {}
      : { requestBody: { content: { [bodyType]: { schema: schemaOf(endpoint.body, 'input') } } } }),
    responses: {
      [String(endpoint.successStatus ?? 200)]: { description: 'Done.', content: replyContent(endpoint) },
      default: {
        description: 'A sentence and a closed code.',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    },
  };
}

function replyContent(endpoint: Endpoint): JsonSchema {
  if (endpoint.reply !== undefined) return { 'application/json': { schema: schemaOf(endpoint.reply, 'output') } };
  return { [endpoint.replyType ?? 'text/plain']: {} };
}

function pathParameters(path: string): JsonSchema[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function queryParameters(query: z.ZodType | undefined): JsonSchema[] {
  if (query === undefined) return [];
  const { properties, required } = schemaOf(query, 'input');
  const requiredNames = Array.isArray(required) ? required : [];
  return Object.entries((properties ?? {}) as Record<string, unknown>).map(([name, schema]) => ({
    name,
    in: 'query',
    required: requiredNames.includes(name),
    schema,
  }));
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const { $schema: _dialect, ...described } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as JsonSchema;
  return described;
}
