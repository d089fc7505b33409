import { expect, test } from 'vitest';
import { describeFinding, type Finding, type SourceText } from './tidy/finding.ts';
import { readRepository } from './tidy/repository-files.ts';
import { findInSyntax, MAX_FUNCTION_LINES } from './tidy/syntax-checks.ts';
import { findBadName, findForbiddenText, findLongFile, MAX_FILE_LINES } from './tidy/text-checks.ts';

const CHECKS = [findLongFile, findForbiddenText, findBadName, findInSyntax];

function check(source: SourceText): Finding[] {
  return CHECKS.flatMap((find) => find(source));
}

test('the repository is tidy', { timeout: 60_000 }, () => {
  const sources = readRepository();
  // An empty walk would find nothing wrong with anything.
  expect(sources.map(({ path }) => path)).toContain('packages/config/tidy.test.ts');
  expect(sources.some(({ path }) => path.includes('node_modules/'))).toBe(false);
  expect(sources.flatMap(check).map(describeFinding)).toEqual([]);
});

const longBody = 'x();\n'.repeat(MAX_FUNCTION_LINES);
// Spelt in two pieces, so that the repository's own check does not find them here.
const later = `// TO${'DO'}: later\n`;
const home = `/ho${'me'}/somebody/panel`;
const registry = `https://registry.npm${'js'}.org/pg`;

const BAD: readonly [what: string, path: string, text: string, says: string][] = [
  ['a long file', 'a.ts', 'x();\n'.repeat(MAX_FILE_LINES + 1), '301 lines'],
  ['a long script', 'a.sh', 'true\n'.repeat(MAX_FILE_LINES + 1), '301 lines'],
  ['a long function', 'a.ts', `function f() {\n${longBody}}\n`, 'a function of 72 lines'],
  ['a long arrow function', 'a.tsx', `const f = () => {\n${longBody}};\n`, 'a function of 72 lines'],
  ['a long method', 'a.ts', `class A { m() {\n${longBody}} }\n`, 'a function of 72 lines'],
  ['a note for later', 'a.ts', later, 'a note for later'],
  ['a note for later in a document', 'a.md', later, 'a note for later'],
  ["a developer's path", 'a.md', `cd ${home}\n`, 'machine'],
  ['a registry', 'a.yaml', `from: ${registry}\n`, 'registry'],
  ['an unfinished merge', 'a.ts', `${'<'.repeat(7)} HEAD\n`, 'merge'],
  ['a barrel', 'src/index.ts', 'export const a = 1;\n', 'barrel'],
  ['a test of an unknown need', 'a.spec.ts', '', 'x.test.ts'],
  ['a test of an unknown service', 'a.mysql.test.ts', '', 'x.test.ts'],
  ['an empty catch', 'a.ts', 'try { x(); } catch {}\n', 'empty catch'],
  ['an empty catch over two lines', 'a.ts', 'try { x(); } catch (error) {\n}\n', 'empty catch'],
  ['a dropped rejection', 'a.ts', 'x().catch(() => {});\n', 'rejection'],
  ['a rejection dropped as undefined', 'a.ts', 'const y = await x().catch(() => undefined);\n', 'rejection'],
  ['a lonely test', 'a.test.ts', "test.only('x', () => {});\n", 'only this test'],
  ['a skipped test', 'a.test.ts', "describe.skip('x', () => {});\n", 'skipped'],
  ['a test for later', 'a.e2e.ts', "test.fixme('x');\n", 'skipped'],
  ['a test that skips itself', 'a.test.ts', "test('x', (ctx) => { ctx.skip(); });\n", 'skipped'],
  ['a conditional test', 'a.pg.test.ts', "test.skipIf(noDatabase)('x', () => {});\n", 'some machines'],
  ['a sleep', 'a.test.ts', 'await new Promise((r) => setTimeout(r, 50));\n', 'sleep'],
  [
    'a sleep with a callback',
    'a.test.ts',
    'await new Promise<void>((go) => { setTimeout(() => go(), 50); });\n',
    'sleep',
  ],
  [
    'a sleep of the standard library',
    'a.test.ts',
    "import { setTimeout as later } from 'node:timers/promises';\n",
    'sleep',
  ],
  ["a browser's sleep", 'a.e2e.ts', 'await page.waitForTimeout(50);\n', 'sleep'],
];

test.each(BAD)('%s is found', (_what, path, text, says) => {
  expect(check({ path, text }).map(({ message }) => message)).toEqual([expect.stringContaining(says)]);
});

const GOOD: readonly [what: string, path: string, text: string][] = [
  ['a file of just the size', 'a.ts', 'x();\n'.repeat(MAX_FILE_LINES)],
  ['a long document', 'a.md', 'words\n'.repeat(MAX_FILE_LINES + 1)],
  ['a function of just the size', 'a.ts', `function f() {\n${longBody.slice('x();\n'.length * 2)}}\n`],
  ['a chapter of tests', 'a.test.ts', `describe('x', () => {\n${longBody}});\n`],
  ['a catch that says why', 'a.ts', 'try { x(); } catch {\n  // Gone already: that is what we want.\n}\n'],
  ['a dropped rejection that says why', 'a.ts', '// Reported where it is awaited.\nx().catch(() => undefined);\n'],
  ['a catch with a value', 'a.ts', 'const y = await x().catch(() => 0);\n'],
  ['a deadline in a test', 'a.test.ts', 'await new Promise((ok, no) => { setTimeout(() => no(new Error()), 50); });\n'],
  ['a conditional test of namespaces', 'a.hosts.test.ts', "test.runIf(isRoot)('x', () => {});\n"],
  ['a path of a server', 'a.md', 'cd /var/lib/proxpanel && cat /opt/proxpanel/home/work\n'],
];

test.each(GOOD)('%s is left alone', (_what, path, text) => {
  expect(check({ path, text })).toEqual([]);
});
