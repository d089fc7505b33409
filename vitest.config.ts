import { defineConfig } from 'vitest/config';

/** Real servers on a loaded machine are slow, never wrong: generous limits, and waits for conditions inside. */
const REAL_TIMEOUT_MS = 120_000;
/** Two servers, a join and its clone come before the first test of many a file. */
const REAL_HOOK_TIMEOUT_MS = 300_000;

/** Vitest polls for a second by default, which a busy machine does not keep. */
const polling = { poll: { timeout: 30_000 } };

/** Vitest leaves one free for itself, which of two is half of them, and it mostly waits. */
const EVERY_CORE = '100%';

const everywhere = (suffix: string) => [`{apps,packages}/**/*${suffix}`, `e2e/**/*${suffix}`];
const never = ['**/node_modules/**', '**/dist/**'];

export default defineConfig({
  test: {
    // A file that was meant to hold tests and holds none is a mistake.
    passWithNoTests: false,
    allowOnly: false,
    projects: [
      {
        test: {
          name: 'unit',
          include: everywhere('.test.{ts,tsx}'),
          exclude: [...never, '**/*.{pg,redis,etcd,hosts}.test.ts', 'apps/web/src/**/*.test.tsx'],
          testTimeout: 60_000,
          expect: polling,
          maxWorkers: EVERY_CORE,
        },
      },
      {
        // Its own root, since happy-dom is a dependency of the web alone.
        root: './apps/web',
        test: {
          name: 'web',
          include: ['src/**/*.test.tsx'],
          environment: 'happy-dom',
          testTimeout: 60_000,
          expect: polling,
          maxWorkers: EVERY_CORE,
        },
      },
      {
        test: {
          name: 'real',
          include: [...everywhere('.pg.test.ts'), ...everywhere('.redis.test.ts'), ...everywhere('.etcd.test.ts')],
          exclude: never,
          testTimeout: REAL_TIMEOUT_MS,
          expect: polling,
          hookTimeout: REAL_HOOK_TIMEOUT_MS,
          // The hosts and the browser run beside them: more of these files would be a load that tells nothing of the product.
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'hosts',
          include: everywhere('.hosts.test.ts'),
          exclude: never,
          testTimeout: REAL_TIMEOUT_MS,
          expect: polling,
          hookTimeout: REAL_HOOK_TIMEOUT_MS,
          maxWorkers: 1,
          fileParallelism: false,
        },
      },
    ],
  },
});
