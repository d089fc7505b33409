import { expect, test } from 'playwright/test';
import { doTheMainJob } from './steps/main-job.ts';
import { testbedOfFile } from './steps/servers.ts';

const testbed = testbedOfFile({ mode: 'hosts' }, ['main', 'secondary']);

test('the same on two hosts with addresses of their own and the standard ports', async ({ browser }) => {
  const [main, secondary] = [testbed().server('main'), testbed().server('secondary')];
  for (const server of [main, secondary]) {
    expect(server.ports).toEqual({ bff: 80, postgres: 5432, redis: 6379 });
    expect(server.url).toBe(`http://${server.address}`);
  }
  expect(main.address).not.toBe(secondary.address);
  await doTheMainJob(browser, main, secondary);
});
