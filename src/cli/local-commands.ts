// The commands of this machine, which are not in a server's manifest. Used by repository.ts.
import { accountsExport } from './accounts-export.ts';
import { approvalsWatch } from './approvals-watch.ts';
import { chat } from './chat.ts';
import { clientTypes } from './client-types.ts';
import { completion } from './completion.ts';
import { developCommands } from './develop.ts';
import { doctor } from './doctor.ts';
import { deleteTask, forgetTasks } from './forget.ts';
import { init } from './init.ts';
import type { LocalCommand } from './local-command.ts';
import { keyCommands, login, logout } from './login.ts';
import { mcp } from './mcp.ts';
import { mcpInstall } from './mcp-install.ts';
import { packCommands } from './packs.ts';
import { packDevelopment } from './packs-develop.ts';
import { snapshotCommands } from './snapshots.ts';
import { startCommands } from './start.ts';
import { upgrade } from './upgrade.ts';
import { webhooksListen } from './webhooks-listen.ts';

export const LOCAL_COMMANDS: readonly LocalCommand[] = [
  login,
  logout,
  init,
  doctor,
  ...startCommands,
  ...developCommands,
  upgrade,
  ...keyCommands,
  ...snapshotCommands,
  mcpInstall,
  mcp,
  ...packCommands,
  ...packDevelopment,
  webhooksListen,
  approvalsWatch,
  accountsExport,
  deleteTask,
  forgetTasks,
  chat,
  clientTypes,
  completion,
];
