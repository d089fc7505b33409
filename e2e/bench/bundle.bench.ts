/** What a browser loads before the first page can show: the scripts that index.html names, compressed as a server would. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { report, say } from '@proxpanel/testbed/bench-report';

const dist = join(import.meta.dirname, '../../apps/web/dist');

const html = await readFile(join(dist, 'index.html'), 'utf8');
const tags = html.match(/<(?:script|link)\b[^>]*>/g) ?? [];
const scripts = tags
  .filter((tag) => tag.startsWith('<script') || tag.includes('rel="modulepreload"'))
  .map((tag) => /(?:src|href)="([^"]+)"/.exec(tag)?.[1])
  .filter((path) => path !== undefined);
if (scripts.length === 0) throw new Error(`${dist}/index.html names no script`);

let kilobytes = 0;
for (const path of scripts) {
  const size = gzipSync(await readFile(join(dist, path)), { level: 9 }).length / 1000;
  say(`${path}  ${size.toFixed(1)} kB`);
  kilobytes += size;
}
report({
  what: 'entry bundle, gzip',
  unit: 'kB',
  samples: [kilobytes],
  goal: 'under 160 kB',
  isMet: ({ max }) => max < 160,
});
