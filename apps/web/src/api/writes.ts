/** Whether this server takes writes now (DESIGN §10): said once above every page, and by each button that would write. */
import { useMe } from './session.ts';

export interface Writes {
  allowed: boolean;
  /** The server's own sentence. */
  sentence: string;
  /** Where writes belong, where that is known. */
  mainUrl: string | null;
  /** For the buttons: empty when writes are allowed. */
  reasons: readonly string[];
}

const noReasons: readonly string[] = [];

export function useWrites(): Writes {
  const writes = useMe().data?.writes ?? null;
  // Before it is known nothing is claimed: the server refuses by itself what it does not take.
  if (writes === null || writes.allowed) return { allowed: true, sentence: '', mainUrl: null, reasons: noReasons };
  const sentence = writes.sentence === '' ? 'This server takes no changes now.' : writes.sentence;
  return { allowed: false, sentence, mainUrl: writes.main_url, reasons: [sentence] };
}
