/** Where the panel's process begins: what must hold before the program is loaded, and then the program. */
import './small-memory.ts';
import './compile-cache.ts';

await import('./main-serve.ts');
