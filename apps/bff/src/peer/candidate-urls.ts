/** An address as a person types it, as base URLs to try (DESIGN §5). Pure. */
import { isIP, isIPv6 } from 'node:net';
import { Fault } from '../fault.ts';

/**
 * A bare host is tried with https on 443, then http on 80; a host with a port by both on that port, unless the port
 * says which; a URL is taken at its word.
 *
 * @returns base URLs without a trailing slash, best first.
 * @throws Fault INVALID_REQUEST with what is wrong, `field` main_address.
 */
export function candidateUrls(address: string): string[] {
  const typed = address.trim();
  if (typed === '') throw invalid('The address is empty.');
  if (typed.length > 255 || /[\s\\]/.test(typed)) throw invalid('The address must be one host, host:port or URL.');
  // A scheme is told by "://": "main:8080" would otherwise parse as a URL of scheme "main".
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(typed)) return [fromUrl(typed)];
  const authority = isIPv6(typed) ? `[${typed}]` : typed;
  const url = parseUrl(`http://${authority}`, typed);
  // From the text: URL drops a port that is the default of its scheme.
  const port = /:(\d+)$/.exec(authority)?.[1];
  const https = baseUrl('https:', url.hostname, port ?? '443');
  const http = baseUrl('http:', url.hostname, port ?? '80');
  if (port === '80') return [http];
  return port === '443' ? [https] : [https, http];
}

function fromUrl(typed: string): string {
  const url = parseUrl(typed, typed);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw invalid(`The address must begin with http:// or https://, not ${url.protocol}//.`);
  }
  return baseUrl(url.protocol, url.hostname, url.port);
}

function parseUrl(text: string, typed: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    // The parser's own message names neither the part nor a remedy.
    throw invalid(`"${shown(typed)}" is not a host, host:port or http(s) URL.`);
  }
  if (url.username !== '' || url.password !== '' || text.includes('@')) {
    throw invalid('The address must not contain a user name or a password.');
  }
  if ((url.pathname !== '/' && url.pathname !== '') || url.search !== '' || url.hash !== '' || /[?#]/.test(text)) {
    throw invalid('The address must end after the host and port: leave the path away.');
  }
  const isAddress = isIP(url.hostname) !== 0 || url.hostname.startsWith('[');
  if (!isAddress && !/^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?$/i.test(url.hostname)) {
    throw invalid(`"${shown(typed)}" is not a host, host:port or http(s) URL.`);
  }
  if (url.port === '0') throw invalid('Port 0 cannot be dialled.');
  return url;
}

function baseUrl(protocol: string, hostname: string, port: string): string {
  const isDefault = port === '' || port === (protocol === 'https:' ? '443' : '80');
  return isDefault ? `${protocol}//${hostname}` : `${protocol}//${hostname}:${port}`;
}

function shown(typed: string): string {
  return typed.length > 80 ? `${typed.slice(0, 80)}…` : typed;
}

function invalid(sentence: string): Fault {
  return new Fault('INVALID_REQUEST', sentence, { field: 'main_address' });
}
