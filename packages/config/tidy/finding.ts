/** One thing that a tidy check found; `line` counts from 1. */
export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

/** A file as the checks see it: `path` is relative to the repository, with forward slashes. */
export interface SourceText {
  readonly path: string;
  readonly text: string;
}

export function describeFinding({ path, line, message }: Finding): string {
  return `${path}:${String(line)} ${message}`;
}
