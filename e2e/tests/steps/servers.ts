import { createTestbed } from '@proxpanel/testbed/testbed';
import type { Testbed, TestbedOptions } from '@proxpanel/testbed/testbed';
import { test } from 'playwright/test';

/** A testbed for the tests of a file, gone after them. After a failure the ends of the servers' logs are attached to it. */
export function testbedOfFile(options: TestbedOptions, names: readonly string[]): () => Testbed {
  let testbed: Testbed | undefined;
  test.beforeAll(async () => {
    testbed = await createTestbed(options);
    const opened = testbed;
    await Promise.all(names.map((name) => opened.addServer(name)));
  });
  test.afterEach(async ({ browser }, testInfo) => {
    // A page that is left open goes on polling, on a machine that has the next test to run.
    for (const context of browser.contexts()) await context.close();
    if (testInfo.status === testInfo.expectedStatus) return;
    for (const { name, bff } of testbed?.servers ?? []) {
      await testInfo.attach(`${name}.log`, { body: bff.readLog().slice(-20_000), contentType: 'text/plain' });
    }
  });
  test.afterAll(async () => {
    await testbed?.dispose();
  });
  return () => {
    if (testbed === undefined) throw new Error('the servers are not there yet');
    return testbed;
  };
}
