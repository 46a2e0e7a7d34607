// Entry of bin/seed: the CLI of this repository, with the commands of this machine.
import { fs } from './builtin.ts';
import { REPOSITORY } from './folders.ts';
import { LOCAL_COMMANDS } from './local-commands.ts';
import { main } from './main.ts';

await main({
  manifest: null,
  local: LOCAL_COMMANDS,
  version: () => JSON.parse(fs.readFileSync(new URL('package.json', REPOSITORY), 'utf8')).version,
});
