// The navigation with the key in use at its foot: a column at the left, or the drawer of a phone.
import { Link, useRouter, useRouterState } from '@tanstack/react-router';
import { type ReactNode, useState, useSyncExternalStore } from 'react';
import { signOut } from '../api/request.ts';
import { useSeed } from '../api/use-command.ts';
import { forgetWhoWasHere } from '../api/ways.ts';
import { loginHost } from '../format/login.ts';
import { BadgeList } from '../ui/badge.tsx';
import { IconButton } from '../ui/button.tsx';
import { Kbd } from '../ui/code.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Icon } from '../ui/icon.tsx';
import { findShortcut, type Shortcut, shortcuts, useShortcut } from '../ui/keyboard.ts';
import { Menu } from '../ui/menu.tsx';
import { RelativeTime } from '../ui/relative-time.tsx';
import { toast } from '../ui/toast.tsx';
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
          {offered.map(({ name, path, icon, keys, Count }) => (
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
                {Count && <Count />}
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

function AccountMenu() {
  const { account, key } = useSeed();
  const router = useRouter();
  const leave = async (everywhere: boolean) => {
    try {
      await signOut(everywhere);
    } catch (error) {
      return toast(`Not signed out: ${(error as Error).message}`);
    }
    await router.navigate({ to: '/sign-in', search: key.identity ? { out: true } : {} });
    forgetWhoWasHere(router.options.context.queryClient);
  };
  return (
    <Menu
      label="Account"
      buttonClassName="flex w-full items-center gap-2 rounded-md px-2 py-1 text-left hover:bg-sunken"
      button={
        <>
          <Icon name="key" className="text-muted" />
          <span className="min-w-0 leading-tight">
            <span className="sr-only">Account</span>
            <span className="block truncate font-medium">{account.name}</span>
            <span className="block truncate text-xs text-muted">{key.name}</span>
          </span>
        </>
      }
      header={
        <div className="mb-1 flex w-64 flex-col gap-2 border-b border-line p-2 pb-3 text-sm">
          {key.identity ? (
            <Row term="Login at">
              <span className="wrap-anywhere">{loginHost(key.identity)}</span>
            </Row>
          ) : (
            <>
              <Row term="Key">
                <span className="font-mono text-xs">{key.prefix}…</span>
              </Row>
              <Row term="Ends">{key.expiresAt ? <RelativeTime at={key.expiresAt} /> : 'never'}</Row>
            </>
          )}
          <Row term="Scopes">
            <BadgeList items={key.scopes} className="justify-end" />
          </Row>
        </div>
      }
      items={[
        { label: 'Sign out', icon: 'signOut', onSelect: () => leave(false) },
        { label: 'Sign out in all browsers', icon: 'signOut', onSelect: () => leave(true) },
      ]}
    />
  );
}

/** No list of terms: within a menu nothing but its items may have a role. */
function Row({ term, children }: { term: string; children: ReactNode }) {
  return (
    <div className="flex items-start justify-between gap-4">
      <span className="text-muted">{term}</span>
      <span>{children}</span>
    </div>
  );
}

const GROUPS: readonly Shortcut['group'][] = ['This page', 'Go to', 'Everywhere'];
const NAMES: Record<string, string> = { Escape: 'Esc' };

function KeyboardHelp() {
  const [open, setOpen] = useState(false);
  const all = useSyncExternalStore(shortcuts.subscribe, shortcuts.get);
  useShortcut('?', 'Show the keyboard shortcuts', () => setOpen(true), { group: 'Everywhere' });
  return (
    <>
      <IconButton label="Keyboard shortcuts (?)" icon="keyboard" onClick={() => setOpen(true)} />
      <Dialog title="Keyboard shortcuts" open={open} onClose={() => setOpen(false)}>
        <div className="flex flex-col gap-6 px-6 py-4">
          {GROUPS.map((group) => {
            const members = all.filter(
              (shortcut) => shortcut.group === group && findShortcut(all, shortcut.keys) === shortcut,
            );
            if (members.length === 0) return null;
            return (
              <section key={group}>
                <h3 className="mb-1 text-sm font-medium text-muted">{group}</h3>
                <dl className="divide-y divide-line">
                  {members.map(({ keys, label }) => (
                    <div key={keys} className="flex items-center justify-between py-1.5">
                      <dt>{label}</dt>
                      <dd className="flex gap-1">
                        {keys.split(' ').map((key) => (
                          <Kbd key={key}>{NAMES[key] ?? key}</Kbd>
                        ))}
                      </dd>
                    </div>
                  ))}
                </dl>
              </section>
            );
          })}
        </div>
      </Dialog>
    </>
  );
}
