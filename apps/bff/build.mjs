// Bundles the server and the command line into dist/, so that they start with `node dist/main.js` and nothing else.
import { existsSync } from 'node:fs';
import { chmod, readFile, rename, rm } from 'node:fs/promises';
import { fileURLToPath, URL } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const entryPoints = { main: 'src/main.ts', cli: 'src/cli/main.ts' };
const present = Object.fromEntries(Object.entries(entryPoints).filter(([, file]) => existsSync(`${here}${file}`)));

// Libraries in the old module format call require() for Node's own modules; a bundle of modules has none by itself.
const banner = `import { createRequire as proxpanelCreateRequire } from 'node:module';
const require = proxpanelCreateRequire(import.meta.url);`;

// One character beyond Latin-1, and the engine holds the whole text in two bytes for each. esbuild writes what is not ASCII as
// an escape, but not in a regular expression, of which two libraries have some.
const asciiOnly = {
  name: 'ascii-only',
  setup(builder) {
    builder.onLoad({ filter: /node_modules\/(shescape|systeminformation)\/.*\.js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const escape = (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
      return { contents: text.replaceAll(/[^\0-\x7f]/g, escape), loader: 'js' };
    });
  },
};

// An `import` of one of Node's own modules reads each of its names, and with http's WebSocket comes all of Node's own undici,
// which nothing here uses: a tenth of a start and 3 MB. Taken as require() takes them, such names cost nothing.
const builtinsByName = {
  name: 'builtins-by-name',
  setup(builder) {
    builder.onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === 'import-statement' ? { path, namespace: 'builtin', sideEffects: false } : undefined,
    );
    builder.onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => {
      const properties = Object.entries(Object.getOwnPropertyDescriptors(process.getBuiltinModule(path)));
      // What is read by a getter can be had from the default export alone: the build says so where somebody imports it.
      const names = properties
        .filter(([name, { get }]) => get === undefined && name !== 'default')
        .map(([name]) => name);
      const lines = names.map((name) => `export const ${name} = /* @__PURE__ */ (() => builtin.${name})();`);
      return {
        contents: [`const builtin = process.getBuiltinModule('${path}');`, 'export default builtin;', ...lines].join(
          '\n',
        ),
      };
    });
  },
};

// Beside dist and then in its place: a build must not take the program away from servers that are being started.
const fresh = `dist.${String(process.pid)}`;
const result = await build({
  absWorkingDir: here,
  entryPoints: present,
  outdir: fresh,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  // What is imported when first needed stays a file of its own, so that a start does not pay for it.
  splitting: true,
  // Flat beside main.js: a module that asks for its own place (apps/web/dist) finds it from any file of the bundle.
  chunkNames: '[name]-[hash]',
  // Half the text to read at a start and to hold while running; names stay, so that a stack trace can be read.
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 200,
  sourcemap: true,
  // In a file of their own: nobody reads them at a start.
  legalComments: 'external',
  plugins: [asciiOnly, builtinsByName],
  banner: { js: banner },
  // A native addon, found beside the bundle in node_modules.
  external: ['@node-rs/argon2', 'pg-native'],
  loader: { '.sql': 'text', '.sh': 'text' },
  logLevel: 'warning',
  metafile: true,
});

for (const path of Object.keys(result.metafile.outputs).filter((name) => name.endsWith('.js'))) {
  const found = /.{0,40}[^\0-\x7f].{0,40}/.exec(await readFile(`${here}${path}`, 'utf8'));
  if (found) throw new Error(`${path} is not ASCII alone, which can double the memory that it takes: ${found[0]}`);
}

// It begins with the line that names its interpreter, so that a link to it is a command.
await chmod(`${here}${fresh}/cli.js`, 0o755);
if (existsSync(`${here}dist`)) await rename(`${here}dist`, `${here}${fresh}.old`);
await rename(`${here}${fresh}`, `${here}dist`);
await rm(`${here}${fresh}.old`, { recursive: true, force: true });

for (const [file, { bytes, entryPoint }] of Object.entries(result.metafile.outputs)) {
  if (entryPoint !== undefined && file.endsWith('.js'))
    process.stdout.write(`${file.replace(fresh, 'dist')}  ${String(Math.round(bytes / 1024))} kB\n`);
}
