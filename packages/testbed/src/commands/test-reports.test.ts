import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readPlaywrightReport, readVitestReport } from './test-reports.ts';

async function withReport<Result>(report: unknown, read: (path: string) => Promise<Result>): Promise<Result> {
  const directory = await mkdtemp(join(tmpdir(), 'report-'));
  try {
    const path = join(directory, 'report.json');
    await writeFile(path, JSON.stringify(report));
    return await read(path);
  } finally {
    await rm(directory, { recursive: true });
  }
}

test('vitest: a skipped test and a file that cannot be loaded are failures with their names', async () => {
  const report = {
    testResults: [
      {
        name: 'a.test.ts',
        status: 'passed',
        assertionResults: [
          { fullName: 'adds', status: 'passed' },
          { fullName: 'subtracts', status: 'skipped' },
        ],
      },
      { name: 'b.test.ts', status: 'failed', assertionResults: [{ fullName: 'divides', status: 'failed' }] },
      { name: 'c.test.ts', status: 'failed', message: 'no such module', assertionResults: [] },
    ],
  };
  expect(await withReport(report, readVitestReport)).toEqual({
    passed: 1,
    failed: 3,
    complaints: ['skipped: subtracts', 'failed: divides', 'failed: c.test.ts: no such module'],
  });
});

test('Playwright: flaky and skipped tests and errors outside of tests are failures', async () => {
  const spec = (title: string, status: string) => ({ title, tests: [{ status }] });
  const report = {
    suites: [
      {
        title: 'join.e2e.ts',
        specs: [spec('joins', 'expected'), spec('leaves', 'flaky')],
        suites: [{ title: 'later', specs: [spec('promotes', 'skipped')] }],
      },
    ],
    errors: [{ message: 'the web server did not start\nat …' }],
  };
  expect(await withReport(report, readPlaywrightReport)).toEqual({
    passed: 1,
    failed: 3,
    complaints: [
      'flaky: join.e2e.ts › leaves',
      'skipped: join.e2e.ts › later › promotes',
      'error: the web server did not start',
    ],
  });
});

test('a report that was never written is no success', async () => {
  expect(await readVitestReport('/nowhere/report.json')).toBeUndefined();
  expect(await readPlaywrightReport('/nowhere/report.json')).toBeUndefined();
});
