// npm start: sets the machine up if need be, then runs server and runner until Ctrl-C.
import { trySetUp } from './lib/set-up.ts';

await trySetUp();
await import('../src/main.ts');
