/** The session as it travels: cookies for browsers, Authorization for programs (DESIGN §5), and who may not use it. */
import type { IncomingMessage } from 'node:http';
import { parseCookie, stringifySetCookie } from 'cookie';
import { Fault } from '../fault.ts';

export const SESSION_COOKIE = 'proxpanel_session';
export const REFRESH_COOKIE = 'proxpanel_refresh';
/** The refresh token lives long, so it travels to the routes that need it and to no others. */
const REFRESH_PATH = '/api/auth';

/**
 * Browsers keep cookies by host and not by port, so that two panels on one address would sign each other out: off the
 * standard ports the name carries the port that was asked. `host` is the Host header.
 */
function cookieNameAt(name: string, host: string | undefined): string {
  const port = /:(\d+)$/.exec(host ?? '')?.[1];
  return port === undefined ? name : `${name}_${port}`;
}

export interface PresentedToken {
  readonly token: string;
  readonly by: 'cookie' | 'bearer';
}

/** The access token of a request; Authorization wins, because a program that sends it means it. */
export function presentedToken(request: IncomingMessage): PresentedToken | null {
  const bearer = bearerToken(request);
  if (bearer !== null) return { token: bearer, by: 'bearer' };
  const cookie = cookieOf(request, SESSION_COOKIE);
  return cookie === null ? null : { token: cookie, by: 'cookie' };
}

/** The refresh token of a request, unchecked: a program sends it as Authorization. */
export function presentedRefreshToken(request: IncomingMessage): string | null {
  return bearerToken(request) ?? cookieOf(request, REFRESH_COOKIE);
}

function cookieOf(request: IncomingMessage, name: string): string | null {
  const header = request.headers.cookie;
  const cookies = header === undefined ? {} : parseCookie(header);
  const cookie = cookies[cookieNameAt(name, request.headers.host)];
  return cookie === undefined || cookie === '' ? null : cookie;
}

export function bearerToken(request: IncomingMessage): string | null {
  return /^Bearer ([^\s]+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? null;
}

/** Where a cookie is for: the base URL that the browser asked. */
export interface CookiePlace {
  readonly calledUrl: string;
  readonly isHttps: boolean;
}

/** Set-Cookie for the access token; httpOnly and SameSite=Strict always, Secure on https. */
export function sessionCookie(token: string, maxAgeMs: number, place: CookiePlace): string {
  return setCookie({ name: SESSION_COOKIE, path: '/', token, maxAgeMs }, place);
}

/** Set-Cookie for the refresh token, with which the browser fetches the next access token. */
export function refreshCookie(token: string, maxAgeMs: number, place: CookiePlace): string {
  return setCookie({ name: REFRESH_COOKIE, path: REFRESH_PATH, token, maxAgeMs }, place);
}

/** Set-Cookie, twice: both tokens are taken away. */
export function endedCookies(place: CookiePlace): string[] {
  return [sessionCookie('', 0, place), refreshCookie('', 0, place)];
}

interface CookieParts {
  readonly name: string;
  readonly path: string;
  readonly token: string;
  readonly maxAgeMs: number;
}

function setCookie({ name, path, token, maxAgeMs }: CookieParts, { calledUrl, isHttps }: CookiePlace): string {
  return stringifySetCookie({
    name: cookieNameAt(name, calledUrl.replace(/^https?:\/\//, '')),
    value: token,
    httpOnly: true,
    sameSite: 'strict',
    path,
    secure: isHttps,
    maxAge: Math.floor(maxAgeMs / 1000),
  });
}

/**
 * Refuses a write that another site's page sends with this browser's cookie: CROSS_SITE. `Sec-Fetch-Site` says it where
 * the browser sends it (https, localhost); on plain http the Origin is compared with the host that was asked. A proxy
 * that changes Host must set X-Forwarded-Host, which no foreign page can.
 */
export function refuseCrossSite(request: IncomingMessage): void {
  const site = request.headers['sec-fetch-site'];
  if (site === 'same-origin' || site === 'none') return;
  const origin = request.headers.origin;
  const foreign = site === 'cross-site' || (origin !== undefined && !ownHosts(request).includes(hostOfOrigin(origin)));
  if (!foreign) return;
  throw new Fault(
    'CROSS_SITE',
    'This request came from a page of another site. If a proxy stands in front of the panel, it must pass the Host header on.',
  );
}

function ownHosts(request: IncomingMessage): string[] {
  const forwarded = request.headers['x-forwarded-host'];
  return [request.headers.host, ...(typeof forwarded === 'string' ? forwarded.split(',') : [])]
    .filter((host) => host !== undefined)
    .map((host) => host.trim().toLowerCase());
}

/** 'null' (a sandboxed page) and anything unreadable is nobody's host. */
function hostOfOrigin(origin: string): string {
  return URL.canParse(origin) ? new URL(origin).host.toLowerCase() : '';
}
