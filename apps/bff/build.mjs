// Bundles the server and the command line into dist/, so that they start with `node dist/main.js` and nothing else.
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const entryPoints = { main: 'src/main.ts', cli: 'src/cli/main.ts' };
const present = Object.fromEntries(Object.entries(entryPoints).filter(([, file]) => existsSync(`${here}${file}`)));

// Libraries in the old module format call require() for Node's own modules; a bundle of modules has none by itself.
const banner = `import { createRequire as proxpanelCreateRequire } from 'node:module';
const require = proxpanelCreateRequire(import.meta.url);`;

await rm(`${here}dist`, { recursive: true, force: true });
const result = await build({
  absWorkingDir: here,
  entryPoints: present,
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  // What is imported when first needed stays a file of its own, so that a start does not pay for it.
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
  sourcemap: true,
  banner: { js: banner },
  // A native addon, found beside the bundle in node_modules.
  external: ['@node-rs/argon2', 'pg-native'],
  loader: { '.sql': 'text', '.sh': 'text' },
  logLevel: 'warning',
  metafile: true,
});

for (const [file, { bytes, entryPoint }] of Object.entries(result.metafile.outputs)) {
  if (entryPoint !== undefined && file.endsWith('.js')) console.log(`${file}  ${String(Math.round(bytes / 1024))} kB`);
}
