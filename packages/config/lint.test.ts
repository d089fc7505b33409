import path from 'node:path';
import { ESLint } from 'eslint';
import { expect, test } from 'vitest';
import { repositoryRoot } from './tidy/repository-files.ts';

const eslint = new ESLint({
  cwd: repositoryRoot,
  // With CI=true the parser takes a run for a single one and reads each file's types from the disk, not from the text.
  overrideConfig: { languageOptions: { parserOptions: { disallowAutomaticSingleRunInference: true } } },
});

/** Lints `text` as if it stood in that file (which must exist, so that the types are known). */
async function rulesBroken(file: string, text: string): Promise<(string | null)[]> {
  const [result] = await eslint.lintText(text, { filePath: path.join(repositoryRoot, file) });
  return (result?.messages ?? []).map(({ ruleId, fatal, message }) => (fatal === true ? message : ruleId));
}

const CORE = 'packages/failover/src/words.ts';
const SHARED = 'packages/contracts/src/roles.ts';

const BAD: readonly [rule: string, file: string, text: string][] = [
  ['@typescript-eslint/no-floating-promises', SHARED, 'export async function a(): Promise<void> { a(); }'],
  ['@typescript-eslint/no-misused-promises', SHARED, 'export const a = (b: () => Promise<boolean>) => [1].filter(b);'],
  [
    '@typescript-eslint/switch-exhaustiveness-check',
    SHARED,
    "export function a(b: 'x' | 'y') { switch (b) { case 'x': return 1; } return 2; }",
  ],
  ['@typescript-eslint/consistent-type-imports', SHARED, "import { A } from './nodes.ts'; export type B = A;"],
  ['@typescript-eslint/no-explicit-any', SHARED, 'export type A = any;'],
  ['@typescript-eslint/no-non-null-assertion', SHARED, 'export const a = (b?: string) => b!;'],
  ['@typescript-eslint/ban-ts-comment', SHARED, '// @ts-ignore\nexport const a = 1;'],
  ['@typescript-eslint/no-restricted-imports', SHARED, "import './nodes';"],
  ['@typescript-eslint/no-restricted-imports', SHARED, "import '@proxpanel/failover';"],
  ['no-empty', SHARED, 'try { eval; } catch {}'],
  ['max-lines', SHARED, 'export {};\n'.repeat(301)],
  ['no-restricted-syntax', SHARED, 'export default 1;'],
  ['no-restricted-syntax', SHARED, "export * from './nodes.ts';"],
  ['no-restricted-properties', SHARED, 'export const a: unknown = process.env;'],
  ['no-restricted-syntax', SHARED, "import { env } from 'node:process'; export const a: unknown = env;"],
  ['no-restricted-globals', CORE, 'export const a = () => Date.now();'],
  ['no-restricted-properties', CORE, 'export const a = () => Math.random();'],
];

test.each(BAD)('%s bites', { timeout: 120_000 }, async (rule, file, text) => {
  expect(new Set(await rulesBroken(file, text))).toContain(rule);
});

test('plain good code passes', { timeout: 120_000 }, async () => {
  const text =
    "import type { Role } from './roles.ts';\n\nexport const isMain = (role: Role): boolean => role === 'main';\n";
  expect(await rulesBroken(SHARED, text)).toEqual([]);
});
