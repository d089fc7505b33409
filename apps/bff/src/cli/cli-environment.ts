/** The panel's own variables, found on the host: given, or in the file that the service reads them from. */
import { readFileSync, statSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { parseEnv } from 'node:util';
import { givenVariables, readEnvironment, type Environment } from '../environment.ts';
import { Fault, messageOf } from '../fault.ts';
import { isFileError } from '../host/state-directory.ts';

/** docs/install.md's unit reads the second. */
const usualFiles = ['/etc/proxpanel/env', '/etc/proxpanel/panel.env'];

/**
 * A named file wins over the variables of the shell. Without one they are read off the shell where it has DATABASE_URL (in
 * a container), else from the usual file.
 *
 * @throws Fault HOST_FAULT for a file that cannot be read; EnvironmentFault, which names the variable.
 */
export function readCliEnvironment(file: string | undefined): Environment {
  const given = givenVariables();
  if (file !== undefined) return readEnvironment({ ...given, ...readEnvFile(file) });
  if (given['DATABASE_URL'] !== undefined) return readEnvironment(given);
  const found = usualFiles.find((path) => statSync(path, { throwIfNoEntry: false }) !== undefined);
  if (found === undefined) {
    throw new Fault(
      'HOST_FAULT',
      `DATABASE_URL is not set and ${usualFiles.join(' and ')} are not there: name the panel's variables with --env-file FILE.`,
    );
  }
  return readEnvironment({ ...given, ...readEnvFile(found) });
}

function readEnvFile(path: string): NodeJS.Dict<string> {
  try {
    return parseEnv(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Fault('HOST_FAULT', `The environment file ${path} cannot be read: ${messageOf(error)}.`, {
      cause: error,
    });
  }
}

/** Who does it, as events and operations name it: the person behind sudo, where there is one. */
export function actorOfHost(): string {
  const sudoer = process.getuid?.() === 0 ? givenVariables()['SUDO_USER'] : undefined;
  return `${sudoer ?? accountName()}@${hostname()} (command line)`.slice(0, 100);
}

function accountName(): string {
  try {
    return userInfo().username;
  } catch {
    // In a container the user may have a number and no name.
    return `uid ${String(process.getuid?.() ?? 'unknown')}`;
  }
}

/**
 * Root becomes the owner of STATE_DIR, who runs the panel: a node.json written by root would be one that the panel
 * cannot read.
 *
 * @throws Fault HOST_FAULT when there is no STATE_DIR, or this account may not use it.
 */
export function becomeOwnerOf(stateDir: string): void {
  const { uid, gid } = ownerOf(stateDir);
  const own = process.getuid?.();
  if (own === undefined || own === uid) return;
  if (own !== 0) {
    throw new Fault(
      'HOST_FAULT',
      `STATE_DIR ${stateDir} belongs to another account: run this as root or as its owner.`,
    );
  }
  process.setgroups?.([gid]);
  process.setgid?.(gid);
  process.setuid?.(uid);
}

function ownerOf(stateDir: string): { uid: number; gid: number } {
  try {
    // A server that has never been started has no identity, and asking about it must not give it one.
    return statSync(`${stateDir}/node.json`);
  } catch (error) {
    if (!isFileError(error, 'ENOENT')) {
      throw new Fault('HOST_FAULT', `STATE_DIR ${stateDir} cannot be read: ${messageOf(error)}.`, { cause: error });
    }
    const remedy = 'start the panel once, or name the right STATE_DIR';
    throw new Fault('HOST_FAULT', `There is no node.json in STATE_DIR ${stateDir}: ${remedy}.`);
  }
}
