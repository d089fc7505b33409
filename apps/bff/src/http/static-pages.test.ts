import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startTestApp } from './test-app.ts';

const SCRIPT = `console.log(${JSON.stringify('x'.repeat(5_000))});`;

async function makeDist(): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), 'web-dist-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  await mkdir(path.join(directory, 'dist/assets'), { recursive: true });
  await writeFile(path.join(directory, 'outside.js'), 'outside');
  await writeFile(path.join(directory, 'dist/index.html'), '<!doctype html><title>the app</title>');
  await writeFile(path.join(directory, 'dist/favicon.svg'), '<svg/>');
  await writeFile(path.join(directory, 'dist/assets/main-abc123.js'), SCRIPT);
  return path.join(directory, 'dist');
}

test('every page address gives index.html, never from a cache; the API does not', async () => {
  const { ask } = await startTestApp({ webDist: await makeDist() });
  for (const page of ['/', '/settings/cluster', '/login?next=%2F', '/apix', '/index.html']) {
    const answer = await ask('GET', page);
    expect([page, answer.status]).toEqual([page, 200]);
    expect(answer.text).toContain('the app');
    expect(answer.headers.get('content-type')).toMatch(/^text\/html/);
    expect(answer.headers.get('cache-control')).toBe('no-cache');
  }
  expect((await ask('GET', '/api/nothing')).json.code).toBe('NOT_FOUND');
  expect((await ask('POST', '/settings/cluster', { body: {} })).json.code).toBe('NOT_FOUND');
});

test('hashed assets are kept for ever, compressed where the browser can', async () => {
  const { ask } = await startTestApp({ webDist: await makeDist() });
  const packed = await ask('GET', '/assets/main-abc123.js', { headers: { 'accept-encoding': 'gzip' } });
  expect(packed.text).toBe(SCRIPT);
  expect(packed.headers.get('content-encoding')).toBe('gzip');
  expect(packed.headers.get('content-type')).toMatch(/javascript/);
  expect(packed.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  const plain = await ask('GET', '/assets/main-abc123.js', { headers: { 'accept-encoding': 'identity' } });
  expect([plain.text, plain.headers.get('content-encoding')]).toEqual([SCRIPT, null]);
  expect(plain.headers.get('cache-control')).toContain('immutable');
  const again = await ask('GET', '/assets/main-abc123.js', { headers: { 'accept-encoding': 'gzip' } });
  expect(again.text).toBe(SCRIPT);
});

test('a missing asset is 404 and not the page; nothing outside of the build can be had', async () => {
  const { ask } = await startTestApp({ webDist: await makeDist() });
  for (const missing of [
    '/assets/main-old.js',
    '/assets/..%2f..%2foutside.js',
    '/%2e%2e%2foutside.js',
    '/nothing.png',
  ]) {
    const answer = await ask('GET', missing);
    expect([missing, answer.status >= 400, answer.text.includes('outside')]).toEqual([missing, true, false]);
  }
  const icon = await ask('GET', '/favicon.svg');
  expect([icon.status, icon.headers.get('cache-control')]).toEqual([200, 'no-cache']);
});

test('without a build the page says so in a sentence, and the API works', async () => {
  const { ask } = await startTestApp();
  const answer = await ask('GET', '/settings/cluster');
  expect(answer.status).toBe(200);
  expect(answer.text).toContain('its pages were not built');
  expect((await ask('GET', '/health')).status).toBe(200);
});
