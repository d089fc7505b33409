import { globSync } from 'node:fs';
import path from 'node:path';
import eslint from '@eslint/js';
import { defineConfig } from 'eslint/config';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';
import { restrictedSyntax, restrictedImports, restrictedEnvironment, restrictedInTheCore } from './restrictions.js';

const repository = path.resolve(import.meta.dirname, '../../..');

/** Two programs, not one for each package: a program is what costs seconds. The page's has the browser's types. */
const programs = ['packages/config/tsconfig.lint.json'];
if (globSync('apps/web/src/**/*.{ts,tsx}', { cwd: repository }).length > 0) programs.push('apps/web/tsconfig.json');

const TYPESCRIPT = ['**/*.{ts,tsx}'];
const TESTS = ['**/*.test.{ts,tsx}', '**/*.e2e.ts', 'e2e/**/*.ts', 'packages/testbed/**/*.ts'];

/** Files whose default export some tool asks for; of the page, what React.lazy loads. */
const DEFAULT_EXPORT_WANTED = [
  '**/*.config.{js,ts}',
  'packages/config/lint/*.js',
  'apps/web/src/pages/*.tsx',
  'apps/web/src/ui/sparkline.tsx',
];

/** Rules that need no types: cheap, and true of plain JavaScript as well. */
const everywhere = {
  // `== null` asks for null and undefined at once, which is what is meant wherever it stands.
  eqeqeq: ['error', 'always', { null: 'ignore' }],
  'no-console': 'error',
  'no-empty': 'error',
  'no-eval': 'error',
  'no-implied-eval': 'error',
  'no-param-reassign': 'error',
  'no-self-compare': 'error',
  'no-template-curly-in-string': 'error',
  'object-shorthand': 'error',
  'prefer-const': 'error',
  // As `wc -l` counts: a file that is long in comments is long to read. Function lengths are the tidy test's.
  'max-lines': ['error', { max: 300, skipBlankLines: false, skipComments: false }],
  'no-restricted-syntax': ['error', ...restrictedSyntax],
};

/** Rules for TypeScript; those that need types are here because what they find is lost work or a lost rejection. */
const typescript = {
  '@typescript-eslint/ban-ts-comment': 'error',
  '@typescript-eslint/no-explicit-any': 'error',
  '@typescript-eslint/no-non-null-assertion': 'error',
  '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
  '@typescript-eslint/consistent-type-definitions': 'off',
  '@typescript-eslint/no-floating-promises': 'error',
  // An async handler as a JSX attribute or a listener is usual; an async predicate or spread is a mistake.
  '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false } }],
  '@typescript-eslint/switch-exhaustiveness-check': [
    'error',
    { allowDefaultCaseForExhaustiveSwitch: true, considerDefaultExhaustiveForUnions: true },
  ],
  '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
  '@typescript-eslint/no-unused-vars': [
    'error',
    { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
  ],
  // A port's method is async because some adapter waits in it, not because each of them does.
  '@typescript-eslint/require-await': 'off',
  '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
  '@typescript-eslint/no-restricted-imports': ['error', { patterns: restrictedImports }],
  // Classes of static members do not occur; `() => {}` is judged by the tidy test, which reads the reason beside it.
  '@typescript-eslint/no-extraneous-class': 'off',
  // Ports are plain objects whose functions close over what they need; none has a `this`.
  '@typescript-eslint/unbound-method': 'off',
  '@typescript-eslint/no-invalid-void-type': 'off',
  '@typescript-eslint/unified-signatures': 'off',
};

/** Matchers and parsed replies are `any` in tests; what is wrong with them, the test itself finds out. */
const untypedInTests = {
  '@typescript-eslint/no-unsafe-argument': 'off',
  '@typescript-eslint/no-unsafe-assignment': 'off',
  '@typescript-eslint/no-unsafe-call': 'off',
  '@typescript-eslint/no-unsafe-member-access': 'off',
  '@typescript-eslint/no-unsafe-return': 'off',
  'no-console': 'off',
};

export default defineConfig(
  {
    ignores: [
      '**/node_modules/',
      '**/dist/',
      '**/dist.*/',
      '**/.turbo/',
      '.tools/',
      '**/coverage/',
      '**/playwright-report/',
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  eslint.configs.recommended,
  { rules: everywhere },
  {
    files: TYPESCRIPT,
    extends: [tseslint.configs.strict, tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: {
        tsconfigRootDir: repository,
        project: programs,
      },
    },
    rules: typescript,
  },
  {
    files: ['apps/web/**/*.{ts,tsx}'],
    plugins: { 'react-hooks': reactHooks },
    rules: { 'react-hooks/rules-of-hooks': 'error', 'react-hooks/exhaustive-deps': 'error' },
  },
  { files: TESTS, rules: untypedInTests },
  {
    files: ['**/*.{js,cjs,mjs}'],
    languageOptions: { globals: { console: 'readonly', process: 'readonly', module: 'writable', require: 'readonly' } },
  },
  {
    files: ['apps/*/src/**/*.{ts,tsx}', 'packages/{contracts,failover}/src/**/*.ts'],
    ignores: ['apps/bff/src/environment.ts', ...TESTS],
    rules: restrictedEnvironment,
  },
  { files: ['packages/failover/src/**/*.ts'], ignores: TESTS, rules: restrictedInTheCore },
  // A command line's output is its purpose.
  { files: ['apps/bff/src/cli/**/*.ts', 'apps/*/*.ts', 'packages/config/**'], rules: { 'no-console': 'off' } },
  { files: DEFAULT_EXPORT_WANTED, rules: { 'no-restricted-syntax': 'off' } },
);
