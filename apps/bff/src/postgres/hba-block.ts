/** The marked block of pg_hba.conf, as bytes in and bytes out (DESIGN §6.2). Pure. */
import { isIP } from 'node:net';
import { Fault } from '../fault.ts';

const BEGIN = '# BEGIN proxpanel: written by the cluster, changes inside are replaced';
const END = '# END proxpanel';
const BEGIN_PREFIX = '# BEGIN proxpanel';

const LINE =
  /^(?:host|hostssl|hostnossl) (?:(?:replication|postgres) [a-z_][a-z0-9_]{0,62}|"(?:[^"\n\r]|""){1,126}" proxpanel_radius) (?<address>[0-9A-Za-z.:_-]+)(?:\/(?<bits>[0-9]{1,3}))? scram-sha-256$/;

/**
 * The file with exactly these lines in its block; no block for no lines. Everything outside stays byte for byte.
 *
 * The block stands *first*: the first line that matches decides, so that at the end of the file a `reject` or another
 * method further up would shut the replica out. It can open nothing else by standing there, since its lines name one
 * role and one address each.
 *
 * @throws Fault INVALID_REQUEST for a line of another form; HOST_FAULT when a block begins and never ends.
 */
export function withHbaBlock(file: Buffer, lines: readonly string[]): Buffer {
  for (const line of lines) assertHbaLine(line);
  const rest = withoutBlock(file);
  return lines.length === 0 ? rest : Buffer.concat([Buffer.from(`${[BEGIN, ...lines, END].join('\n')}\n`), rest]);
}

/** Only what our own lines look like: whatever else ended up here came from outside and is no line of ours. */
function assertHbaLine(line: string): void {
  const groups = LINE.exec(line)?.groups;
  const address = groups?.['address'] ?? '';
  const family = isIP(address);
  const bits = groups?.['bits'];
  // Without a mask it has to be a host name; with one, an address and a mask of its length.
  const isRight =
    groups !== undefined &&
    (bits === undefined
      ? family === 0 && /^[A-Za-z0-9]/.test(address)
      : family !== 0 && Number(bits) <= (family === 4 ? 32 : 128));
  if (!isRight)
    throw new Fault('INVALID_REQUEST', `This is no line for pg_hba.conf: ${JSON.stringify(line.slice(0, 200))}.`);
}

function withoutBlock(file: Buffer): Buffer {
  // latin1 maps every byte to one character and back: comments may be in any encoding.
  const kept: string[] = [];
  let inside = false;
  for (const line of file.toString('latin1').split(/(?<=\n)/)) {
    if (line.startsWith(BEGIN_PREFIX)) inside = true;
    else if (inside && line.trimEnd() === END) inside = false;
    else if (!inside) kept.push(line);
  }
  if (inside) {
    throw new Fault('HOST_FAULT', `pg_hba.conf holds a line "${BEGIN_PREFIX}" without its "${END}": mend it by hand.`);
  }
  return Buffer.from(kept.join(''), 'latin1');
}
