// The navigation with the key in use at its foot: a column at the left, or the drawer of a phone.
import { Link, useRouter, useRouterState } from '@tanstack/react-router';
import { useSeed } from '../api/use-command.ts';
import { Kbd } from '../ui/code.tsx';
import { Icon } from '../ui/icon.tsx';
import { AccountMenu } from './account-menu.tsx';
import { KeyboardHelp } from './keyboard-help.tsx';
import { offeredPages } from './page.ts';
import { ThemeMenu } from './theme.tsx';

export function Navigation({ onNavigate }: { onNavigate?: () => void }) {
  const { pages } = useRouter().options.context;
  const { may } = useSeed();
  const here = useRouterState({ select: ({ location }) => location.pathname });
  const offered = offeredPages(pages, may);
  // /tasks/new is a page of its own, and not a part of /tasks.
  const current = offered
    .filter(({ path }) => here === path || here.startsWith(`${path}/`))
    .toSorted((one, other) => other.path.length - one.path.length)[0];
  return (
    <div className="flex h-full flex-col gap-2 p-3">
      <nav aria-label="Pages" className="min-h-0 flex-1 overflow-y-auto">
        <ul className="flex flex-col gap-0.5">
          {offered.map(({ name, path, icon, keys }) => (
            <li key={path}>
              <Link
                to={path}
                activeOptions={{ exact: path !== current?.path, includeSearch: false }}
                {...(onNavigate && { onClick: onNavigate })}
                className="group flex h-8 items-center gap-2.5 rounded-md px-2 font-medium text-muted hover:bg-sunken hover:text-ink"
                activeProps={{ className: 'bg-accent-soft! text-accent!' }}
              >
                <Icon name={icon} />
                <span className="flex-1">{name}</span>
                <span aria-hidden="true" className="hidden gap-1 group-hover:flex group-focus-visible:flex">
                  {keys.split(' ').map((key) => (
                    <Kbd key={key}>{key}</Kbd>
                  ))}
                </span>
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <div className="flex items-center gap-1 border-t border-line pt-3">
        <div className="min-w-0 flex-1">
          <AccountMenu />
        </div>
        <ThemeMenu />
        <KeyboardHelp />
      </div>
    </div>
  );
}
