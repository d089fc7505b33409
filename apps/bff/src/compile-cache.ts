/**
 * Imported before anything else, and alone: what it does holds for what is loaded after it. Reading and compiling the
 * program is most of a start; what came of it is kept beside the program, for every later start of a panel or of a
 * command. Where that place is not writable nothing is kept, and a start takes as long as the first one. It is as trusted
 * as the program itself, which stands in the same directory; a new build takes the place of both.
 */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

enableCompileCache(join(import.meta.dirname, 'compile-cache'));
