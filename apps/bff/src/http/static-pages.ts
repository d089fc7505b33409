/** The built single-page app: hashed assets for ever, index.html never, and index.html for every page address. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import express, { Router, type RequestHandler } from 'express';

const gzipAsync = promisify(gzip);
const ONE_YEAR_S = 31_536_000;
const IMMUTABLE = `public, max-age=${String(ONE_YEAR_S)}, immutable`;

const MISSING_PAGE = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>ProxPanel</title></head>
<body><h1>ProxPanel</h1><p>The API of this server runs, but its pages were not built: run the build of apps/web.</p></body></html>
`;

export function servePages(webDist: string): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router.use(serveCompressedAssets(webDist));
  router.use(
    '/assets',
    express.static(path.join(webDist, 'assets'), { index: false, immutable: true, maxAge: ONE_YEAR_S * 1000 }),
  );
  router.use(
    express.static(webDist, {
      index: false,
      cacheControl: false,
      setHeaders: (response) => {
        response.setHeader('Cache-Control', 'no-cache');
      },
    }),
  );
  router.use(serveIndex(webDist));
  return router;
}

/** Vite's scripts and styles carry a hash in their names, so each is compressed once and kept. */
function serveCompressedAssets(webDist: string): RequestHandler {
  const kept = new Map<string, Promise<Buffer>>();
  return async (request, response, next) => {
    // No slash and no leading dot in the name: it cannot point outside of the directory.
    const name = /^\/assets\/(\w[\w.-]*\.(?:js|css|svg))$/.exec(request.path)?.[1];
    const file = name === undefined ? '' : path.join(webDist, 'assets', name);
    if (name === undefined || request.method !== 'GET' || !request.acceptsEncodings('gzip') || !existsSync(file)) {
      next();
      return;
    }
    const compressed = kept.get(name) ?? readFile(file).then((bytes) => gzipAsync(bytes, { level: 9 }));
    kept.set(name, compressed);
    try {
      const bytes = await compressed;
      response.type(path.extname(name));
      response.set({ 'Cache-Control': IMMUTABLE, 'Content-Encoding': 'gzip', Vary: 'Accept-Encoding' });
      response.end(bytes);
    } catch (error) {
      kept.delete(name);
      throw error;
    }
  };
}

/** Every address that is a page of the app; a missing asset stays missing. */
function serveIndex(webDist: string): RequestHandler {
  const indexPath = path.join(webDist, 'index.html');
  return (request, response, next) => {
    const isPage = (request.method === 'GET' || request.method === 'HEAD') && path.extname(request.path) === '';
    if (!isPage) {
      next();
      return;
    }
    response.setHeader('Cache-Control', 'no-cache');
    response.type('html');
    if (existsSync(indexPath)) response.sendFile(indexPath, { cacheControl: false, dotfiles: 'allow' });
    else response.send(MISSING_PAGE);
  };
}
