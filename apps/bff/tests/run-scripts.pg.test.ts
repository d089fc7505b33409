/** RUN_SCRIPTS=true: the panel itself runs the script that it made, and the page follows it like one run by hand (DESIGN §4). */
import { configureMain, waitForStreaming } from '@proxpanel/testbed/join-servers';
import { createTestbed, type Testbed } from '@proxpanel/testbed/testbed';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addSubscriber, subscribersOf, waitForStatus } from './support/panel-status.ts';

let testbed: Testbed;

beforeAll(async () => {
  testbed = await createTestbed();
}, 60_000);

afterAll(() => testbed.dispose());

test('with RUN_SCRIPTS a join alone ends with a streaming secondary', async () => {
  const [main, secondary] = await Promise.all([
    testbed.addServer('main'),
    testbed.addServer('secondary', { environment: { RUN_SCRIPTS: 'true' } }),
  ]);
  const { clusterSecret } = await configureMain(main, 'DC1 Primary');
  await addSubscriber(await main.panel().signIn(), 'before-the-join');
  const panel = await secondary.panel().signIn();
  const body = { main_address: main.url, cluster_secret: clusterSecret };
  const { slot_name: slot } = await panel.expectOk(
    panel.post<{ slot_name: string }>('/api/cluster/setup-secondary', body),
  );
  await waitForStreaming(main, slot);
  // The panel may see by itself that the copy follows before the script says so.
  const status = await waitForStatus(
    panel,
    'the script to say that it is done',
    ({ join }) => join?.phases.some(({ phase, state }) => phase === 'done' && state === 'completed') === true,
  );
  expect(status.join?.finished).toBe(true);
  expect(status.database.state).toBe('recovery');
  expect(await subscribersOf(secondary)).toEqual(['before-the-join']);
});
