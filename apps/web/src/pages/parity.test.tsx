import { screen, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { openPanel, serveInTests, statusIs } from '../testing/panel.tsx';
import { sameOnBoth } from '../testing/parity-fixtures.ts';
import { mainStatus, secondaryStatus, standaloneStatus } from '../testing/status-fixtures.ts';

serveInTests();

const label = 'DC2 Secondary compared with main';

test('while all is the same, one calm line says so and names what was compared', async () => {
  statusIs(() => mainStatus());
  openPanel('/settings/cluster');
  const region = await screen.findByRole('region', { name: 'Beside the database' });
  const [line, ...more] = within(within(region).getByRole('list', { name: label })).getAllByRole('listitem');
  expect(more).toEqual([]);
  expect(line?.textContent).toBe(
    '✓same: The same on both. Uploads, environment, TLS certificate, clock, panel version, PostgreSQL version.',
  );
});

test('what differs, and what nobody can tell now, stands there alone with its sentence', async () => {
  const differing = sameOnBoth(2, [
    { name: 'environment', state: 'differs', sentence: 'PANEL_ENCRYPTION_KEY differs.' },
    { name: 'clock', state: 'unknown', sentence: 'The clocks are not known now.' },
  ]);
  statusIs(() => secondaryStatus({ parity: [differing] }));
  openPanel('/settings/cluster');
  const list = await screen.findByRole('list', { name: label });
  expect(
    within(list)
      .getAllByRole('listitem')
      .map(({ textContent }) => textContent),
  ).toEqual(['!differs: Environment. PANEL_ENCRYPTION_KEY differs.', '?unknown: Clock. The clocks are not known now.']);
});

test('a server that stands alone is compared with nobody', async () => {
  statusIs(() => standaloneStatus());
  openPanel('/settings/cluster');
  await screen.findByRole('button', { name: 'Configure as Main Server' });
  expect(screen.queryByRole('region', { name: 'Beside the database' })).toBeNull();
});
