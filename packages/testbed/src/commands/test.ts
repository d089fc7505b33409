/**
 * `npm test`: every check and every test there is, in this order: checks, unit, and then real servers beside network
 * namespaces and browser. Prints a table and, as its last line, alone, `N passed, N failed`.
 *
 *   npm test -- --only unit,real      some of the steps
 *   npm test -- --only real pg-hba    … and of those the files whose path contains a word
 */
import { mkdtemp, chmod, readdir, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { TestbedError } from '../errors.ts';
import { waitFor } from '../wait-for.ts';
import { makePostgresTemplate, TEMPLATE_VARIABLE } from '../postgres-template.ts';
import { runChecks } from './checks.ts';
import { abortOnSignals, formatDuration, formatTable, root, runTool } from './steps.ts';
import { spreadDirectories } from './spread-directories.ts';
import { readPlaywrightReport, readVitestReport } from './test-reports.ts';
import type { TestCounts } from './test-reports.ts';

interface Context {
  /** Everything that the tests put into their temporary directory goes here, and must be gone at the end. */
  temporary: string;
  /** What a test's PostgreSQL is copied from. */
  template: string;
  /** Begins each line of output, where two steps write at the same time. */
  prefix: string;
  filters: readonly string[];
  signal: AbortSignal;
}

interface Step {
  name: string;
  title: string;
  run: (context: Context) => Promise<TestCounts>;
}

/**
 * A network namespace of its own: the browser that runs beside it gives up what it is loading (ERR_NETWORK_CHANGED)
 * whenever an interface comes or goes in its own.
 */
const aloneOnTheNetwork = ['unshare', '--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'hosts'];

const check: Step = { name: 'check', title: 'types, lint, format, rooms, unused, shell', run: runAllChecks };
const unit = vitestStep('unit', 'pure code and web components', ['unit', 'web']);
const real = vitestStep('real', 'real PostgreSQL, Redis and etcd', ['real']);
const hosts = vitestStep('hosts', 'network namespaces', ['hosts'], aloneOnTheNetwork);
const e2e: Step = { name: 'e2e', title: 'browser on two servers', run: playwright };
const left: Step = { name: 'left', title: 'nothing left behind', run: findRemains };

/**
 * One group after the other; the steps of a group at the same time. What keeps the processors busy runs alone; what waits
 * a good part of its time (for a lease to end, for a page) runs side by side.
 */
const groups: readonly (readonly Step[])[] = [[check], [unit], [real, hosts, e2e]];
const steps = groups.flat();

const program = new Command('test')
  .option('--only <steps>', `some of: ${steps.map(({ name }) => name).join(',')}`)
  .argument('[filters...]', 'words that the path of a test file has to contain')
  .parse();
const only = program.opts<{ only?: string }>().only?.split(',');
const unknown = only?.filter((name) => !steps.some((step) => step.name === name)) ?? [];
if (unknown.length > 0) program.error(`there is no step "${unknown.join(', ')}"`);

process.exitCode = await main((name) => only?.includes(name) ?? true, program.args);

async function main(isChosen: (name: string) => boolean, filters: readonly string[]): Promise<number> {
  const signal = abortOnSignals();
  const temporary = await mkdtemp(join(tmpdir(), 'pxt-'));
  await chmod(temporary, 0o755);
  const template = join(temporary, 'postgres-template');
  const rows = [['step', 'passed', 'failed', 'time', 'what']];
  const total: TestCounts = { passed: 0, failed: 0, complaints: [] };
  const runStep = async (step: Step, prefix: string) => {
    if (signal.aborted) return;
    process.stdout.write(`\n=== ${step.name}: ${step.title}\n`);
    const started = performance.now();
    const { passed, failed, complaints } = await step.run({ temporary, template, prefix, filters, signal });
    rows.push([step.name, `${passed}`, `${failed}`, formatDuration(performance.now() - started), step.title]);
    total.passed += passed;
    total.failed += failed;
    total.complaints.push(...complaints.map((complaint) => `${step.name}: ${complaint}`));
  };
  try {
    await spreadDirectories(temporary);
    const chosen = groups.map((group) => group.filter(({ name }) => isChosen(name)));
    if (chosen.flat().some((step) => needsServers(step))) await makePostgresTemplate(template);
    for (const group of chosen) {
      await Promise.all(group.map((step) => runStep(step, group.length > 1 ? `${step.name}: ` : '')));
    }
    await runStep(left, '');
    if (signal.aborted) return 130;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  if (total.passed === 0) total.complaints.push('no test has passed at all');
  process.stdout.write(`\n${formatTable(rows)}\n\n`);
  for (const complaint of total.complaints) process.stdout.write(`${complaint}\n`);
  process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`);
  return total.complaints.length === 0 ? 0 : 1;
}

/** A check that holds is no test and is not counted; one that does not is a failure. */
async function runAllChecks({ signal }: Context): Promise<TestCounts> {
  const results = await runChecks(({ name, ok, output, durationMs }) => {
    process.stdout.write(`${ok ? 'ok    ' : 'FAILED'} ${name} (${formatDuration(durationMs)})\n`);
    if (!ok) process.stdout.write(`${output.trim()}\n\n`);
  }, signal);
  const complaints = results.filter(({ ok }) => !ok).map(({ name }) => `failed: ${name}`);
  return { passed: 0, failed: complaints.length, complaints };
}

function needsServers({ name }: Step): boolean {
  return name !== 'check' && name !== 'unit';
}

/** `within`: the command that the run is an argument of. */
function vitestStep(name: string, title: string, projects: readonly string[], within: readonly string[] = []): Step {
  const run = async (context: Context) => {
    const report = join(context.temporary, `${name}.json`);
    const { ok } = await runTool(
      [
        ...within,
        ...['vitest', 'run', ...projects.flatMap((project) => ['--project', project])],
        ...['--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
        ...context.filters,
      ],
      { output: 'show', prefix: context.prefix, environment: environmentOf(context), signal: context.signal },
    );
    return judge(ok, await readVitestReport(report));
  };
  return { name, title, run };
}

async function playwright(context: Context): Promise<TestCounts> {
  const report = join(context.temporary, 'e2e.json');
  const { ok } = await runTool(
    [join(root, 'e2e/node_modules/.bin/playwright'), 'test', '--reporter=list,json', ...context.filters],
    {
      ...{ output: 'show', prefix: context.prefix, cwd: join(root, 'e2e'), signal: context.signal },
      environment: { ...environmentOf(context), PLAYWRIGHT_JSON_OUTPUT_FILE: report },
    },
  );
  return judge(ok, await readPlaywrightReport(report));
}

/** A run starts some hundred reapers and test workers of the same code, which Node need not compile each time. */
function environmentOf({ temporary, template }: Context): Record<string, string> {
  const compiled = join(temporary, 'compile-cache');
  return { TMPDIR: temporary, NODE_COMPILE_CACHE: compiled, [TEMPLATE_VARIABLE]: template };
}

/** A run that failed without a failed test (it died, or found no test) has failed all the same. */
function judge(ok: boolean, counts: TestCounts = { passed: 0, failed: 0, complaints: [] }): TestCounts {
  if (ok || counts.failed > 0) return counts;
  return { ...counts, failed: 1, complaints: ['the run failed, see its output above'] };
}

/** The reapers of the last tests may still be at work: they get a minute. */
async function findRemains({ temporary }: Context): Promise<TestCounts> {
  const remains = async () =>
    existsSync(temporary) ? (await readdir(temporary)).filter((name) => name.startsWith('proxpanel-testbed-')) : [];
  try {
    await waitFor(remains, { describe: 'the last servers to go', until: (left) => left.length === 0 });
    return { passed: 0, failed: 0, complaints: [] };
  } catch (error) {
    if (!(error instanceof TestbedError && error.code === 'DEADLINE')) throw error;
    return { passed: 0, failed: 1, complaints: [`left behind: ${(await remains()).join(', ')}`] };
  }
}
