import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { SourceText } from './finding.ts';

export const repositoryRoot = path.resolve(import.meta.dirname, '../../..');

/** What tools make and nobody writes. */
const MADE = new Set([
  'node_modules',
  'dist',
  '.git',
  '.turbo',
  '.tools',
  'coverage',
  'test-results',
  'playwright-report',
]);

const TEXT = '**/*.{ts,tsx,js,cjs,mjs,json,css,html,sh,sql,md,yaml,yml,txt,service,conf}';

/**
 * Every text file that somebody wrote, tracked by git or not yet, so that a check bites before the commit. The lockfile
 * is a tool's.
 */
export function readRepository(root: string = repositoryRoot): SourceText[] {
  const found = globSync([TEXT, '.ci/*'], { cwd: root, exclude: (name) => MADE.has(path.basename(name)) });
  return found
    .map((file) => file.split(path.sep).join('/'))
    .filter((file) => file !== 'pnpm-lock.yaml')
    .sort()
    .map((file) => ({ path: file, text: readFileSync(path.join(root, file), 'utf8') }));
}
