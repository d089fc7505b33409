/** The endpoint table as a page: plain HTML without a script, so that it needs nothing from outside and passes our CSP. */
import { endpoints, type EndpointName } from '@proxpanel/contracts/endpoints';
import type { Endpoint } from '@proxpanel/contracts/endpoint';
import { z } from 'zod';

const callers: Record<Endpoint['access'], string> = {
  everyone: 'everyone',
  user: 'any signed-in user',
  admin: 'admins',
  server: 'other servers, signed',
  script: 'the generated script, by its token',
};

const style = `body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color-scheme:light dark}
h2{font-size:1.1rem;margin:2rem 0 .25rem}code,pre{font:13px/1.45 ui-monospace,monospace}
pre{overflow:auto;border:1px solid #8884;border-radius:6px;padding:.75rem}p{margin:.25rem 0}`;

/** One section for each row, in the table's order. */
export function renderApiPage(names: readonly EndpointName[], version: string): string {
  const sections = names.map((name) => renderRow(endpoints[name]));
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>ProxPanel API</title><style>${style}</style></head>
<body><h1>ProxPanel API ${escape(version)}</h1>
<p>For programs: <a href="/api/openapi.json">openapi.json</a>. Errors are <code>{ "error", "code" }</code> with the right status.</p>
${sections.join('\n')}</body></html>`;
}

function renderRow(row: Endpoint): string {
  const place = row.runsOn === 'main' ? ' Runs on main; a secondary passes it on.' : '';
  return `<h2><code>${row.method} ${escape(row.path)}</code></h2>
<p>${escape(row.summary)}. For ${callers[row.access]}.${place}</p>
${renderSchema('Query', row.query, 'input')}${renderSchema('Body', row.body, 'input')}${renderSchema('Reply', row.reply, 'output')}${
    row.replyType === undefined ? '' : `<p>Reply: <code>${escape(row.replyType)}</code></p>`
  }`;
}

function renderSchema(title: string, schema: z.ZodType | undefined, io: 'input' | 'output'): string {
  if (schema === undefined) return '';
  const text = JSON.stringify(z.toJSONSchema(schema, { io, unrepresentable: 'any' }), null, 2);
  return `<details><summary>${title}</summary><pre>${escape(text)}</pre></details>`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
