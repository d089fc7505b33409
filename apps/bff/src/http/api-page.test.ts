import { endpoints, type EndpointName } from '@proxpanel/contracts/endpoints';
import { expect, test } from 'vitest';
import { renderApiPage } from './api-page.ts';

const names = Object.keys(endpoints) as EndpointName[];

test('the page has a section for every row of the table, and runs no script', () => {
  const page = renderApiPage(names, '1.0.0');
  for (const { method, path } of Object.values(endpoints)) expect(page).toContain(`${method} ${path}`);
  expect(page).not.toContain('<script');
  expect(page.match(/<h2>/g)).toHaveLength(names.length);
});

test('what stands in a schema is text, not markup', () => {
  expect(renderApiPage(['login'], '<b>')).toContain('ProxPanel API &lt;b&gt;');
});
