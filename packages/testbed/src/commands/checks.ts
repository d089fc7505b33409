import { glob } from 'node:fs/promises';
import { root, runTool } from './steps.ts';
import type { ToolRun } from './steps.ts';

interface Check {
  name: string;
  command: () => Promise<string[]> | string[];
}

const checks: readonly Check[] = [
  { name: 'types', command: () => ['turbo', 'run', 'check:types', '--output-logs=errors-only'] },
  { name: 'eslint', command: () => ['eslint', '.', '--max-warnings', '0'] },
  { name: 'prettier', command: () => ['prettier', '--check', '--log-level=warn', '.'] },
  {
    name: 'rooms',
    command: () => ['depcruise', '--config', 'packages/config/dependency-cruiser.cjs', 'apps', 'packages', 'e2e'],
  },
  { name: 'unused', command: () => ['knip', '--no-progress'] },
  { name: 'shellcheck', command: async () => ['shellcheck', '.ci/run', ...(await shellScripts())] },
];

export interface CheckResult extends ToolRun {
  name: string;
}

/** Runs every check, at most two at a time (eslint and the types are the long ones), and tells each as it ends. */
export async function runChecks(onEnd: (result: CheckResult) => void, signal?: AbortSignal): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  const waiting = [...checks];
  const worker = async () => {
    for (let check = waiting.shift(); check; check = waiting.shift()) {
      const run = await runTool(await check.command(), { output: 'keep', ...(signal ? { signal } : {}) });
      results.push({ name: check.name, ...run });
      onEnd({ name: check.name, ...run });
    }
  };
  await Promise.all([worker(), worker()]);
  return results;
}

async function shellScripts(): Promise<string[]> {
  const found: string[] = [];
  const exclude = (path: string) => /(^|\/)(node_modules|dist|\.tools|\.git|\.turbo)$/.test(path);
  for await (const path of glob('**/*.sh', { cwd: root, exclude })) found.push(path);
  return found.sort();
}
