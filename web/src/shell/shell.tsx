// The frame of every page: navigation, banner, the shortcuts that work everywhere, and the signed-in Seed for all below.
import { useSuspenseQuery } from '@tanstack/react-query';
import { Link, useRouter, useRouterState } from '@tanstack/react-router';
import { type ReactNode, useEffect, useState } from 'react';
import { SeedContext } from '../api/seed-context.ts';
import { IconButton } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { ConnectionBanner } from './connection-banner.tsx';
import { listenToKeys } from './keyboard/listen.ts';
import { useShortcut } from './keyboard/use-shortcut.ts';
import { Logo } from './logo.tsx';
import { Navigation } from './navigation.tsx';
import { offeredPages, type Page } from './page.ts';
import { seedQuery } from './seed-query.ts';

export function Shell({ children }: { children: ReactNode }) {
  const { data: seed } = useSuspenseQuery(seedQuery);
  const { pages } = useRouter().options.context;
  useEffect(listenToKeys, []);
  return (
    <SeedContext value={seed}>
      {offeredPages(pages, seed.may).map((page) => (
        <GoTo key={page.path} page={page} />
      ))}
      <a
        href="#content"
        className="sr-only z-50 rounded-md bg-surface px-4 py-2 focus:not-sr-only focus:absolute focus:top-2 focus:left-2"
      >
        Skip to the content
      </a>
      <div className="flex h-dvh flex-col md:grid md:grid-cols-[15rem_minmax(0,1fr)]">
        <Drawer />
        <aside className="hidden min-h-0 flex-col border-r border-line bg-surface md:flex">
          <Brand className="h-14 px-5" />
          <div className="min-h-0 flex-1">
            <Navigation />
          </div>
        </aside>
        <div className="flex min-h-0 min-w-0 flex-1 flex-col">
          <ConnectionBanner />
          <main id="content" tabIndex={-1} className="min-h-0 flex-1 overflow-y-auto outline-none">
            {children}
          </main>
        </div>
      </div>
    </SeedContext>
  );
}

/** On a phone the navigation is a drawer behind a button. */
function Drawer() {
  const [open, setOpen] = useState(false);
  const path = useRouterState({ select: ({ location }) => location.pathname });
  useEffect(() => {
    if (path) setOpen(false);
  }, [path]);
  return (
    <header className="flex h-12 shrink-0 items-center justify-between border-b border-line bg-surface pr-2 pl-4 md:hidden">
      <Brand />
      <IconButton label="Menu" icon="menu" onClick={() => setOpen(true)} />
      <Dialog title="Seed" place="side" open={open} onClose={() => setOpen(false)}>
        <Navigation onNavigate={() => setOpen(false)} />
      </Dialog>
    </header>
  );
}

function Brand({ className = '' }: { className?: string }) {
  return (
    <Link to="/" className={`flex items-center gap-2.5 text-lg font-semibold ${className}`}>
      <Logo />
      Seed
    </Link>
  );
}

function GoTo({ page }: { page: Page }) {
  const router = useRouter();
  useShortcut(page.keys, page.name, () => void router.navigate({ to: page.path }), { group: 'Go to' });
  return null;
}
