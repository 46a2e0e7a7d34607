// Entry of bin/seed: the CLI of this repository, with the commands of this machine.
import { fs } from './builtin.ts';
import { doctor } from './doctor.ts';
import { keyCommands } from './keys.ts';
import { login, logout } from './login.ts';
import { main } from './main.ts';
import { mcp } from './mcp.ts';
import { mcpInstall } from './mcp-install.ts';
import { packCommands } from './packs.ts';
import { REPOSITORY } from './repository-root.ts';
import { snapshotCommands } from './snapshots.ts';
import { webhooksListen } from './webhooks-listen.ts';

await main({
  manifest: null,
  local: [
    login,
    logout,
    doctor,
    ...keyCommands,
    ...snapshotCommands,
    mcpInstall,
    mcp,
    ...packCommands,
    webhooksListen,
  ],
  version: () => JSON.parse(fs.readFileSync(new URL('package.json', REPOSITORY), 'utf8')).version,
});
