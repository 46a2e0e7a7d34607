// Who is signed in, with which key, and the way out.
import { useRouter } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { signOut } from '../api/request.ts';
import { useSeed } from '../api/use-command.ts';
import { BadgeList } from '../ui/badge.tsx';
import { Icon } from '../ui/icon.tsx';
import { Menu } from '../ui/menu.tsx';
import { RelativeTime } from '../ui/relative-time.tsx';
import { toast } from '../ui/toast.tsx';

export function AccountMenu() {
  const { account, key } = useSeed();
  const router = useRouter();
  const leave = async (everywhere: boolean) => {
    try {
      await signOut(everywhere);
    } catch (error) {
      return toast(`Not signed out: ${(error as Error).message}`);
    }
    await router.navigate({ to: '/sign-in' });
    router.options.context.queryClient.clear();
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
          <Row term="Key">
            <span className="font-mono text-xs">{key.prefix}…</span>
          </Row>
          <Row term="Ends">{key.expiresAt ? <RelativeTime at={key.expiresAt} /> : 'never'}</Row>
          <Row term="Scopes">
            <BadgeList items={key.scopes} className="justify-end" />
          </Row>
        </div>
      }
      items={[
        { label: 'Sign out', icon: 'signOut', onSelect: () => leave(false) },
        { label: 'Sign out in all browsers', onSelect: () => leave(true) },
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
