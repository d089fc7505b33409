// What is forbidden by name, each with the sentence that a developer reads when it bites.

export const restrictedSyntax = [
  {
    selector: 'ExportDefaultDeclaration',
    message: 'Export by name: a default export has a different name in every file that imports it.',
  },
  {
    selector: 'ExportAllDeclaration',
    message: 'No barrels: import from the file that says it, so that rooms and cycles can be seen.',
  },
];

export const restrictedImports = [
  {
    regex: '^\\.{1,2}(/(?!.*\\.(ts|tsx|js|cjs|mjs|json|css|svg|png|woff2|txt|sql|sh)(\\?[a-z]+)?$).*)?$',
    message: 'Write the extension (.ts): Node runs these files as they are.',
  },
  { regex: '/index\\.[jt]sx?$', message: 'No barrels: import from the file that says it.' },
  {
    regex: '^@proxpanel/[a-z]+$',
    message: 'Import a module of the package (@proxpanel/<package>/<module>): packages have no barrel.',
  },
];

const ENVIRONMENT_MESSAGE = 'The environment is read once, in apps/bff/src/environment.ts, and handed on as values.';

export const restrictedEnvironment = {
  'no-restricted-properties': ['error', { object: 'process', property: 'env', message: ENVIRONMENT_MESSAGE }],
  'no-restricted-syntax': [
    'error',
    ...restrictedSyntax,
    { selector: "ImportSpecifier[imported.name='env']", message: ENVIRONMENT_MESSAGE },
  ],
};

const PURE_MESSAGE = 'The core is pure: time and chance come in as data, so that a decision can be replayed.';

/** `Date` and `Math` belong to the language, so the compiler's empty `types` cannot take these two away. */
export const restrictedInTheCore = {
  'no-restricted-globals': ['error', { name: 'Date', message: PURE_MESSAGE }],
  'no-restricted-properties': ['error', { object: 'Math', property: 'random', message: PURE_MESSAGE }],
};
