/** Signing in, health and the API's own description: rows of the endpoint table. */
import type { Endpoint } from './endpoint.ts';
import * as auth from './auth.ts';
import * as health from './health.ts';
import { emptyBodySchema, okReplySchema } from './primitives.ts';

export const panelEndpoints = {
  health: {
    method: 'GET',
    path: '/health',
    summary: 'Is the process serving?',
    access: 'everyone',
    runsOn: 'any',
    reply: health.healthReplySchema,
  },
  login: {
    method: 'POST',
    path: '/api/auth/login',
    summary: 'Sign in',
    access: 'everyone',
    runsOn: 'any',
    body: auth.loginBodySchema,
    reply: auth.loginReplySchema,
  },
  refresh: {
    method: 'POST',
    path: '/api/auth/refresh',
    summary: 'A new access token, by the refresh cookie',
    access: 'everyone',
    runsOn: 'any',
    body: emptyBodySchema,
    reply: auth.loginReplySchema,
  },
  logout: {
    method: 'POST',
    path: '/api/auth/logout',
    summary: 'Sign out',
    access: 'user',
    runsOn: 'any',
    body: emptyBodySchema,
    reply: okReplySchema,
  },
  me: {
    method: 'GET',
    path: '/api/auth/me',
    summary: 'Who am I?',
    access: 'user',
    runsOn: 'any',
    reply: auth.meReplySchema,
  },
  openApi: {
    method: 'GET',
    path: '/api/openapi.json',
    summary: 'This table as OpenAPI',
    access: 'admin',
    runsOn: 'any',
    replyType: 'application/json',
  },
  apiPage: {
    method: 'GET',
    path: '/api/docs',
    summary: 'This table as a page',
    access: 'admin',
    runsOn: 'any',
    replyType: 'text/html',
  },
} as const satisfies Record<string, Endpoint>;
