import type { Finding, SourceText } from './finding.ts';

/** DESIGN §12 style 10. Counted as `wc -l` does: a file that is long in comments is long to read. */
export const MAX_FILE_LINES = 300;

const CODE = /\.(ts|tsx|js|cjs|mjs|css|sh|sql)$/;

/** Files over {@link MAX_FILE_LINES}; code, style sheets, shell and SQL alike. */
export function findLongFile({ path, text }: SourceText): Finding[] {
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
  if (!CODE.test(path) || lines <= MAX_FILE_LINES) return [];
  return [
    { path, line: MAX_FILE_LINES + 1, message: `${String(lines)} lines; a file has at most ${String(MAX_FILE_LINES)}` },
  ];
}

interface ForbiddenText {
  readonly pattern: RegExp;
  readonly message: string;
}

// Each word is spelt in two pieces, so that this file does not find itself.
const FORBIDDEN: readonly ForbiddenText[] = [
  {
    pattern: new RegExp(`\\b(TO${'DO'}|FIX${'ME'}|XX${'X'}|HA${'CK'})\\b`),
    message: 'a note for later: do it now, or open an issue',
  },
  {
    // A home or a checkout of somebody's machine; `~` and $HOME are written where a home is meant.
    pattern: new RegExp(`(?<![\\w.~$}])/(home|Users|work|root)/[A-Za-z][\\w.-]*`),
    message: "a path of one developer's machine",
  },
  {
    pattern: new RegExp(`\\b(registry\\.[a-z]+js|registry\\.yarn${'pkg'}|verda${'ccio'}|arti${'factory'})\\b`, 'i'),
    message: 'a package registry by name: the machine that installs decides where from',
  },
  {
    pattern: /^(<{7}|>{7}) /,
    message: 'the mark of an unfinished merge',
  },
];

/** Notes for later, paths of one machine, registries by name, unfinished merges: in any text file. */
export function findForbiddenText({ path, text }: SourceText): Finding[] {
  return text.split('\n').flatMap((content, index) =>
    FORBIDDEN.filter(({ pattern }) => pattern.test(content)).map(({ message }) => ({
      path,
      line: index + 1,
      message,
    })),
  );
}

/** Barrels, and tests whose name does not tell their need (DESIGN §12 style 12). */
export function findBadName({ path }: SourceText): Finding[] {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (/^index\.[cm]?[jt]sx?$/.test(name))
    return [{ path, line: 1, message: 'a barrel: name the file after what it says' }];
  const need = /\.([a-z0-9]+)\.test\.tsx?$/.exec(name)?.[1];
  if (/\.spec\.tsx?$/.test(name) || (need !== undefined && !['pg', 'redis', 'etcd', 'hosts'].includes(need))) {
    const message = 'a test is x.test.ts, x.pg.test.ts, x.redis.test.ts, x.etcd.test.ts, x.hosts.test.ts or x.e2e.ts';
    return [{ path, line: 1, message }];
  }
  return [];
}
