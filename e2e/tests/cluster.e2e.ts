import { test } from 'playwright/test';
import { doTheMainJob } from './steps/main-job.ts';
import { testbedOfFile } from './steps/servers.ts';

const testbed = testbedOfFile({ mode: 'ports' }, ['main', 'secondary']);

test('two servers, through the page alone: configure, join, replicate, refuse, lose main, promote, write', async ({
  browser,
}) => {
  await doTheMainJob(browser, testbed().server('main'), testbed().server('secondary'));
});
