// /commands and /commands/keys-list: what an agent with this key can do.
import { lazyRouteComponent as lazy } from '@tanstack/react-router';
import { type Page, pageRoute, textIn } from '../../shell/page.ts';
import { shellRoute } from '../../shell/shell.tsx';

const search = ({ q }: Record<string, unknown>): { q?: string | undefined } => ({ q: textIn(q) });

const pages = () => import('./commands.tsx');
const commands = pageRoute(shellRoute, '/commands', lazy(pages, 'Commands'), search);

export const commandsPage = {
  name: 'Commands',
  path: '/commands',
  icon: 'command',
  keys: 'g c',
  needs: null,
  routes: [
    commands.addChildren([
      pageRoute(commands, '/', lazy(pages, 'Overview')),
      pageRoute(commands, '$name', lazy(pages, 'Command')),
    ]),
  ],
} as const satisfies Page;
