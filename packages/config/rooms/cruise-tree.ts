import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { cruise, type ICruiseOptions, type ICruiseResult, type IFlattenedRuleSet } from 'dependency-cruiser';
import { repositoryRoot } from '../tidy/repository-files.ts';

type Rules = Required<Pick<IFlattenedRuleSet, 'forbidden'>>['forbidden'];

const config = createRequire(import.meta.url)('../dependency-cruiser.cjs') as {
  forbidden: Rules;
  options: ICruiseOptions;
};

export const rules = config.forbidden;

/** A small repository: each file with the modules that it imports, as they are written in the import. */
export type Tree = Readonly<Record<string, readonly string[]>>;

const PACKAGES = ['apps/bff', 'apps/web', 'packages/contracts', 'packages/failover', 'packages/testbed', 'e2e'];

const LIBRARIES = [
  'zod',
  'pg',
  'ioredis',
  'undici',
  'jose',
  'systeminformation',
  'express',
  'react',
  'esbuild',
  'unlisted',
];
const DEV_ONLY = new Set(['esbuild']);

/**
 * Writes the tree beside our packages' real names, links them as pnpm does, runs the repository's own rules over it and
 * removes it.
 *
 * @returns one `rule: from -> to` line for each violation, sorted.
 */
export async function cruiseTree(tree: Tree): Promise<string[]> {
  const root = realpathSync(mkdtempSync(path.join(tmpdir(), 'rooms-')));
  try {
    for (const name of PACKAGES) writePackage(root, name);
    for (const name of LIBRARIES) writeLibrary(root, name);
    for (const [file, imports] of Object.entries(tree)) writeModule(root, file, imports);
    return await violations(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** The same rules over this very repository; one line for each violation. */
export async function cruiseRepository(): Promise<string[]> {
  return await violations(repositoryRoot);
}

async function violations(root: string): Promise<string[]> {
  const { output } = await cruise(['apps', 'packages', 'e2e'], {
    ...config.options,
    baseDir: root,
    validate: true,
    ruleSet: { forbidden: rules },
  });
  const { summary } = output as ICruiseResult;
  return summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`).sort();
}

function writePackage(root: string, folder: string): void {
  const listed = LIBRARIES.filter((library) => library !== 'unlisted');
  write(root, `${folder}/package.json`, {
    name: `@proxpanel/${path.basename(folder)}`,
    type: 'module',
    exports: { './*': './src/*.ts' },
    dependencies: Object.fromEntries(listed.filter((name) => !DEV_ONLY.has(name)).map((name) => [name, '*'])),
    devDependencies: Object.fromEntries(listed.filter((name) => DEV_ONLY.has(name)).map((name) => [name, '*'])),
  });
  const scope = path.join(root, 'node_modules/@proxpanel');
  mkdirSync(scope, { recursive: true });
  symlinkSync(path.join(root, folder), path.join(scope, path.basename(folder)));
}

function writeLibrary(root: string, name: string): void {
  write(root, `node_modules/${name}/package.json`, { name, main: 'index.js' });
  write(root, `node_modules/${name}/index.js`, '');
}

function writeModule(root: string, file: string, imports: readonly string[]): void {
  const lines = imports.map((specifier, index) =>
    specifier.startsWith('type ')
      ? `import type { X as X${String(index)} } from '${specifier.slice('type '.length)}';`
      : `import '${specifier}';`,
  );
  write(root, file, [...lines, 'export const here = 1;', ''].join('\n'));
}

function write(root: string, file: string, content: string | object): void {
  const target = path.join(root, file);
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(target, typeof content === 'string' ? content : JSON.stringify(content));
}
