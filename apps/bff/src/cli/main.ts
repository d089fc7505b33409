#!/usr/bin/env node
/** Where `proxpanel-cluster` begins: what must hold before the program is loaded, and then the program. */
import '../small-memory.ts';
import '../compile-cache.ts';

await import('./program.ts');
