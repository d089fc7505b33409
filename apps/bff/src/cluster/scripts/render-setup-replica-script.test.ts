import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { InvalidPostgresControl, parsePostgresControl } from './postgres-control.ts';
import { renderRejoinScript } from './render-rejoin-script.ts';
import { renderSetupReplicaScript } from './render-setup-replica-script.ts';
import type { ScriptInput } from './render-script.ts';

const input: ScriptInput = {
  nodeId: 2,
  slotName: 'replica_2',
  mainHost: '192.0.2.1',
  mainPort: 5432,
  mainDisplayName: 'DC1 Primary',
  ownDisplayName: 'DC2 Spare',
  postgresMajor: 15,
  control: { kind: 'pg_ctl', dataDirectory: '/srv/data' },
  dataDirectory: '/srv/data',
  localApiUrl: 'http://127.0.0.1:80',
  credentialToken: 'credential-token-0123456789',
  phaseToken: 'phase-token-0123456789',
  requiredBytes: 1_000_000,
  generatedAt: '2026-11-22T20:00:00.000Z',
};

const controls = ['docker:proxpanel-db', 'pg_ctlcluster:15/main', "pg_ctl:/srv/it's data", 'supervised'];

function shellcheck(script: string, severity = 'style'): string {
  const result = spawnSync('shellcheck', ['--norc', `--severity=${severity}`, '-'], {
    input: script,
    encoding: 'utf8',
  });
  if (result.error) throw result.error;
  return result.stdout + result.stderr;
}

test.for(controls)('shellcheck finds nothing in the script for %s, and no check is switched off in it', (control) => {
  const script = renderSetupReplicaScript({ ...input, control: parsePostgresControl(control) });
  expect(shellcheck(script)).toBe('');
  expect(script).not.toContain('shellcheck disable');
});

test.for(controls)('shellcheck finds nothing in rejoin.sh for %s', (control) => {
  const rejoin = { ...input, repair: 'rewind', control: parsePostgresControl(control) } as const;
  const script = renderRejoinScript(rejoin);
  expect(shellcheck(script)).toBe('');
  expect(script).not.toContain('shellcheck disable');
});

const hostileNames: [string, string][] = [
  ['quotes', `a'b"c'''d`],
  ['a new line and a command', 'a\ntouch ran\n'],
  ['substitutions', '$(touch ran) `touch ran` $' + '{PATH} <(touch ran)'],
  ['a backslash at the end', 'a\\'],
  ['the end of a here-document', 'USAGE\nDISK_TOOL\ntouch ran\n'],
  ['terminal control', '\u001b]0;title\u0007\u0000\u009b31m'],
  ['text that turns the direction of reading', '\u202emaster\u2066'],
  ['a megabyte', `$(touch ran)'`.repeat(80_000)],
];

test.for(hostileNames)('a display name with %s is only a name', ([, name]) => {
  const script = renderSetupReplicaScript({ ...input, mainDisplayName: name, ownDisplayName: name });
  const directory = mkdtempSync(join(tmpdir(), 'proxpanel-names-'));
  try {
    // The assignments and the functions are read, nothing of the script is done.
    const text = script.replace(/main "\$@"\n$/, 'printf "%s" "$MAIN_NAME"\n');
    const { stdout, stderr } = spawnSync('bash', ['-s'], { input: text, encoding: 'utf8', cwd: directory });
    expect(stderr).toBe('');
    expect(readdirSync(directory)).toEqual([]);
    expect(stdout).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(stdout.length).toBeLessThanOrEqual(200);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('shellcheck warns of nothing in a script with all of these names', () => {
  const names = hostileNames.map(([, name]) => name.slice(0, 20)).join('');
  const script = renderSetupReplicaScript({ ...input, mainDisplayName: names, ownDisplayName: `${names}\\` });
  // "style" would remark on the dollar sign inside the quotes, which is where it belongs.
  expect(shellcheck(script, 'warning')).toBe('');
});

test('a name arrives as it was written, quotes and letters of any language included', () => {
  const name = `Büro "Süd" 'A' $HOME – 東京`;
  const script = renderSetupReplicaScript({ ...input, ownDisplayName: name });
  const text = script.replace(/main "\$@"\n$/, 'printf "%s" "$OWN_NAME"\n');
  expect(spawnSync('bash', ['-s'], { input: text, encoding: 'utf8' }).stdout).toBe(name);
});

test('connection strings and settings are quoted as libpq and PostgreSQL read them', () => {
  const script = renderSetupReplicaScript(input);
  const text = script.replace(
    /main "\$@"\n$/,
    String.raw`conninfo_value "/a\\b'c d"; echo; setting_line x "host='h' a\\b"` + '\n',
  );
  const { stdout } = spawnSync('bash', ['-s'], { input: text, encoding: 'utf8' });
  expect(stdout).toBe(String.raw`'/a\\b\'c d'` + '\n' + String.raw`x = 'host=''h'' a\\b'` + '\n');
});

test('the tokens stand in assignments alone, never in an argument of a program', () => {
  const script = renderSetupReplicaScript(input);
  for (const [name, token] of [
    ['CREDENTIAL_TOKEN', input.credentialToken],
    ['PHASE_TOKEN', input.phaseToken],
  ] as const) {
    expect(script.split(token).length).toBe(2);
    expect(script).toContain(`${name}='${token}'`);
    const uses = script.split('\n').filter((line) => line.includes(`$${name}`));
    expect(uses.length).toBeGreaterThan(0);
    for (const use of uses) expect(use).toContain(`curl_authorization "$${name}"`);
  }
});

test('same input, same text', () => {
  expect(renderSetupReplicaScript(input)).toBe(renderSetupReplicaScript({ ...input }));
});

test('the script for a supervised PostgreSQL refuses and says what to set', () => {
  const script = renderSetupReplicaScript({
    ...input,
    control: { kind: 'supervised' },
    localApiUrl: 'http://127.0.0.1:1',
  });
  const { status, stderr } = spawnSync('bash', ['-s'], { input: script, encoding: 'utf8' });
  expect(status).toBe(2);
  expect(stderr).toContain(
    'Set POSTGRES_CONTROL to docker:<container>, pg_ctlcluster:<version>/<name> or pg_ctl:<data directory>',
  );
});

test.for([
  ['slotName', { slotName: "x'; DROP" }],
  ['mainHost', { mainHost: 'a b' }],
  ['mainPort', { mainPort: 0 }],
  ['localApiUrl', { localApiUrl: 'file:///etc/passwd' }],
  ['credentialToken', { credentialToken: 'with\nnew line and more' }],
  ['nodeId', { nodeId: 1.5 }],
] as const)('a %s that this program cannot have made is refused', ([name, change]) => {
  expect(() => renderSetupReplicaScript({ ...input, ...change })).toThrow(name);
});

test('an unknown option and --help', () => {
  const script = renderSetupReplicaScript(input);
  const unknown = spawnSync('bash', ['-s', '--', '--dry'], { input: script, encoding: 'utf8' });
  expect([unknown.status, unknown.stderr]).toEqual([2, 'setup_replica.sh: unknown option: --dry (see --help)\n']);
  const force = spawnSync('bash', ['-s', '--', '--force'], { input: script, encoding: 'utf8' });
  expect(force.status).toBe(2);
  const help = spawnSync('bash', ['-s', '--', '--help'], { input: script, encoding: 'utf8' });
  expect([help.status, help.stdout.split('\n')[0]]).toEqual([
    0,
    'Usage: bash setup_replica.sh [--dry-run | --rollback [--force] | --help]',
  ]);
});

test('POSTGRES_CONTROL: the four kinds', () => {
  expect(parsePostgresControl(' docker:proxpanel-db\n')).toEqual({ kind: 'docker', container: 'proxpanel-db' });
  expect(parsePostgresControl('pg_ctlcluster:15/main')).toEqual({ kind: 'pg_ctlcluster', version: '15', name: 'main' });
  expect(parsePostgresControl('pg_ctl:/path/to/data/')).toEqual({ kind: 'pg_ctl', dataDirectory: '/path/to/data' });
  expect(parsePostgresControl('supervised')).toEqual({ kind: 'supervised' });
});

test.for([
  '',
  'systemd',
  'docker:',
  'docker:a b',
  'docker:-x',
  'pg_ctlcluster:main',
  'pg_ctl:data',
  'pg_ctl:/a\nb',
  'pg_ctl:/',
])('POSTGRES_CONTROL=%j is refused in one sentence that names it', (text) => {
  expect(() => parsePostgresControl(text)).toThrow(InvalidPostgresControl);
  expect(() => parsePostgresControl(text)).toThrow(/^POSTGRES_CONTROL[^\n]*\.$/);
});
