/** The headers that every reply of the pages and the API carries. They are the same each time, so they are made once. */
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { RequestHandler } from 'express';
import helmet from 'helmet';

export type HeaderPairs = readonly (readonly [name: string, value: string])[];

export function makeSecurityHeaders(isHttps: boolean): HeaderPairs {
  const setHeaders = helmet({
    contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } },
    // Browsers ignore these on plain http, with a complaint in the console for each page.
    strictTransportSecurity: isHttps,
    crossOriginOpenerPolicy: isHttps,
    originAgentCluster: isHttps,
  });
  // What the library would set on each reply, read off one reply that nobody gets.
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  let isDone = false;
  setHeaders(response.req, response, (error?: unknown) => {
    isDone = error === undefined;
  });
  if (!isDone) throw new Error('The security headers could not be made.');
  return Object.entries(response.getHeaders()).map(([name, value]) => [name, String(value)] as const);
}

export function setSecurityHeaders(headers: HeaderPairs): RequestHandler {
  return (_request, response, next) => {
    for (const [name, value] of headers) response.setHeader(name, value);
    next();
  };
}
