/** What is said to and asked of the person at the terminal. */
import { createInterface } from 'node:readline/promises';
import { Fault } from '../fault.ts';

export interface Terminal {
  /** Somebody is there to answer. */
  readonly interactive: boolean;
  say(line: string): void;
  ask(question: string): Promise<string>;
}

export function createTerminal(): Terminal {
  return {
    interactive: process.stdin.isTTY && process.stderr.isTTY,
    say: (line) => void process.stdout.write(`${line}\n`),
    async ask(question) {
      // Standard output may be a file that keeps what was done; the question is for the person.
      const reader = createInterface({ input: process.stdin, output: process.stderr });
      try {
        return (await reader.question(`${question} `)).trim();
      } finally {
        reader.close();
      }
    },
  };
}

/** Goes on only after a "yes", or --yes. INVALID_REQUEST where nobody can be asked. */
export async function agree(terminal: Terminal, question: string, yes: boolean): Promise<void> {
  if (yes) return;
  if (!terminal.interactive) throw new Fault('INVALID_REQUEST', `${question} Say --yes to go on.`);
  const answer = await terminal.ask(`${question} [y/N]`);
  if (!/^y(es)?$/i.test(answer)) throw new Fault('CONFIRMATION_NEEDED', 'Nothing was done.');
}

/** The name as it was given with --confirm, or as it is typed now. CONFIRMATION_NEEDED where nobody can be asked. */
export async function typedName(terminal: Terminal, sentence: string, given: string | undefined): Promise<string> {
  if (given !== undefined) return given;
  if (!terminal.interactive) throw new Fault('CONFIRMATION_NEEDED', `${sentence} Give it with --confirm NAME.`);
  return terminal.ask(`${sentence}\n>`);
}
