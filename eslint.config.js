// ESLint looks for its configuration here; the rules and their reasons are in packages/config/lint.
export { default } from './packages/config/lint/eslint.js';
