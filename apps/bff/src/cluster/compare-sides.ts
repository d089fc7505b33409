/** Main and one other server, line by line: the same, different, or not known now. */
import type { ParityFacts, ParityLine } from '@proxpanel/contracts/parity';

export interface ParitySide {
  readonly name: string;
  /** null, as all the others: not known now. */
  readonly version: string | null;
  readonly facts: ParityFacts | null;
  /** Its clock minus the observer's. */
  readonly clockAheadMs: number | null;
}

const dayMs = 86_400_000;
/** Less than this is left: somebody has to renew it. */
const certificateWarnDays = 30;
/** Below it nothing that servers say to each other suffers, and a probe could not tell. */
const clockWarnMs = 2_000;

type Line = (state: ParityLine['state'], sentence: string) => ParityLine;

export function compareSides(main: ParitySide, other: ParitySide, nowMs: number): ParityLine[] {
  const line =
    (name: ParityLine['name']): Line =>
    (state, sentence) => ({ name, state, sentence });
  return [
    compareUploads(main, other, line('uploads')),
    compareEnvironment(main, other, line('environment')),
    judgeCertificates(main, other, nowMs, line('certificate')),
    compareClocks(main, other, line('clock')),
    compareVersions('Panel', main, other, line('panel_version')),
    compareVersions('PostgreSQL', postgresOf(main), postgresOf(other), line('postgres_version')),
  ];
}

type Running = Pick<ParitySide, 'name' | 'version'>;

function postgresOf({ name, facts }: ParitySide): Running {
  return { name, version: facts?.postgres_version ?? null };
}

function compareUploads(main: ParitySide, other: ParitySide, line: Line): ParityLine {
  const missing = [main, other].find((side) => side.facts === null || side.facts.uploads === null);
  if (missing?.facts != null) return line('unknown', `"${missing.name}" cannot read its uploads.`);
  if (missing !== undefined) return line('unknown', 'The uploads are not known now.');
  return main.facts?.uploads === other.facts?.uploads
    ? line('same', 'The same uploads.')
    : line('differs', 'The uploads differ; they are fetched from main.');
}

function compareEnvironment(main: ParitySide, other: ParitySide, line: Line): ParityLine {
  if (main.facts === null || other.facts === null) return line('unknown', 'The environment is not known now.');
  if (main.facts.keyed_by !== other.facts.keyed_by) {
    return line('unknown', 'Not comparable until both have the same cluster secret.');
  }
  const { environment: ofMain } = main.facts;
  const { environment: ofOther } = other.facts;
  // A variable that only one version knows of is not compared.
  const differing = Object.keys(ofMain)
    .filter((name) => ofOther[name] !== undefined && ofMain[name] !== ofOther[name])
    .map((name) => {
      if (ofMain[name] !== '' && ofOther[name] !== '') return `${name} differs`;
      return `${name} is set on "${ofMain[name] === '' ? other.name : main.name}" alone`;
    });
  return differing.length === 0 ? line('same', 'The environment agrees.') : line('differs', `${differing.join('; ')}.`);
}

function judgeCertificates(main: ParitySide, other: ParitySide, nowMs: number, line: Line): ParityLine {
  if (main.facts === null || other.facts === null) return line('unknown', 'The certificates are not known now.');
  const sentences: string[] = [];
  let state: ParityLine['state'] = 'same';
  for (const { name, facts } of [main, other]) {
    if (facts === null || facts.environment['TLS_CERT_PATH'] !== 'set') continue;
    if (facts.certificate_ends_at === null) {
      if (state === 'same') state = 'unknown';
      sentences.push(`"${name}": its certificate cannot be read.`);
      continue;
    }
    const daysLeft = Math.floor((Date.parse(facts.certificate_ends_at) - nowMs) / dayMs);
    if (daysLeft < certificateWarnDays) state = 'differs';
    sentences.push(
      daysLeft < 0 ? `"${name}": its certificate has ended.` : `"${name}": ${String(daysLeft)} days left.`,
    );
  }
  return line(state, sentences.length === 0 ? 'Neither serves TLS itself.' : sentences.join(' '));
}

function compareClocks(main: ParitySide, other: ParitySide, line: Line): ParityLine {
  if (main.clockAheadMs === null || other.clockAheadMs === null) {
    return line('unknown', 'The clocks are not known now.');
  }
  const aheadMs = other.clockAheadMs - main.clockAheadMs;
  if (Math.abs(aheadMs) < clockWarnMs) return line('same', 'The clocks agree.');
  const seconds = (Math.abs(aheadMs) / 1_000).toFixed(1);
  return line('differs', `The clock of "${other.name}" is ${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} main's.`);
}

function compareVersions(program: string, main: Running, other: Running, line: Line): ParityLine {
  if (main.version === null || other.version === null) return line('unknown', `${program}: not known now.`);
  if (main.version === other.version) return line('same', `${program} ${main.version} on both.`);
  return line('differs', `${program} ${main.version} on "${main.name}", ${other.version} on "${other.name}".`);
}
