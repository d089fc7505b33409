import { readFile } from 'node:fs/promises';
import { isSystemError } from '../errors.ts';

/** What one run of vitest or Playwright says about itself. */
export interface TestCounts {
  passed: number;
  failed: number;
  /** Names of failed and of skipped tests: here a skipped test is a failure, since nobody would ever miss it. */
  complaints: string[];
}

interface VitestReport {
  testResults: {
    name: string;
    status: string;
    message?: string;
    assertionResults: { fullName: string; status: string }[];
  }[];
}

interface PlaywrightSuite {
  title: string;
  suites?: PlaywrightSuite[];
  specs?: { title: string; tests: { status: 'expected' | 'unexpected' | 'flaky' | 'skipped' }[] }[];
}

interface PlaywrightReport {
  suites: PlaywrightSuite[];
  errors: { message?: string }[];
}

/** Reads vitest's JSON report; undefined when there is none, because the run died before it wrote one. */
export async function readVitestReport(path: string): Promise<TestCounts | undefined> {
  const report = (await readJson(path)) as VitestReport | undefined;
  if (!report) return undefined;
  const counts: TestCounts = { passed: 0, failed: 0, complaints: [] };
  for (const file of report.testResults) {
    for (const test of file.assertionResults) count(counts, test.status === 'passed', test.status, test.fullName);
    // A file that cannot be loaded, or fails outside its tests, has no failed test to show for it.
    const hasFailedTest = file.assertionResults.some(({ status }) => status === 'failed');
    if (file.status === 'failed' && !hasFailedTest)
      count(counts, false, 'failed', `${file.name}: ${file.message ?? ''}`);
  }
  return counts;
}

/** Reads Playwright's JSON report; undefined when there is none. A flaky test has failed. */
export async function readPlaywrightReport(path: string): Promise<TestCounts | undefined> {
  const report = (await readJson(path)) as PlaywrightReport | undefined;
  if (!report) return undefined;
  const counts: TestCounts = { passed: 0, failed: 0, complaints: [] };
  const visit = (suite: PlaywrightSuite, path: string) => {
    for (const spec of suite.specs ?? []) {
      for (const { status } of spec.tests) count(counts, status === 'expected', status, `${path}${spec.title}`);
    }
    for (const inner of suite.suites ?? []) visit(inner, `${path}${inner.title} › `);
  };
  for (const suite of report.suites) visit(suite, `${suite.title} › `);
  for (const { message } of report.errors) count(counts, false, 'error', message?.split('\n')[0] ?? 'no message');
  return counts;
}

function count(counts: TestCounts, passed: boolean, status: string, name: string): void {
  if (passed) {
    counts.passed += 1;
    return;
  }
  counts.failed += 1;
  counts.complaints.push(`${status}: ${name}`);
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  }
}
