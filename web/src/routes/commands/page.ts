// /commands and /commands/keys-list: what an agent with this key can do.
import { lazyRouteComponent as lazy } from '@tanstack/react-router';
import { type Page, pageRoute, textIn } from '../../shell/page.ts';
import { shellRoute } from '../../shell/shell.tsx';

interface CommandsSearch {
  q?: string | undefined;
}

const search = ({ q }: Record<string, unknown>): CommandsSearch => ({ q: textIn(q) });

const overview = lazy(() => import('./commands.tsx'), 'Overview');
const command = lazy(() => import('./commands.tsx'), 'Command');
const list = lazy(() => import('./commands.tsx'), 'Commands');
const commands = pageRoute(shellRoute, '/commands', list, search);

export const commandsPage = {
  name: 'Commands',
  path: '/commands',
  icon: 'command',
  keys: 'g c',
  needs: null,
  routes: [commands.addChildren([pageRoute(commands, '/', overview), pageRoute(commands, '$name', command)])],
} as const satisfies Page;
