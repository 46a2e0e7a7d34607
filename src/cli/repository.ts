// Entry of bin/seed: the CLI of this repository, or of the package, with the commands of this machine.
import { SEED_ROOT } from '../lib/own-files.ts';
import { fs } from './builtin.ts';
import { printCandidates } from './completion.ts';
import { LOCAL_COMMANDS } from './local-commands.ts';
import { main } from './main.ts';

await main({
  manifest: null,
  local: LOCAL_COMMANDS,
  version: () => JSON.parse(fs.readFileSync(new URL('package.json', SEED_ROOT), 'utf8')).version,
  complete: (io, flags, words) => printCandidates(io, flags, words, LOCAL_COMMANDS),
});
