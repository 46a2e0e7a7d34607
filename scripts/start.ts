// npm start: sets the machine up if need be, then runs server and runner until Ctrl-C.
import { setUpWithProgress } from './lib/set-up.ts';

await setUpWithProgress();
await import('../src/main.ts');
