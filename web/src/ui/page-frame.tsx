// What a page of one column is made of: heading with actions, sections, facts, tiles, links to pages beside it.
import { Link, useNavigate } from '@tanstack/react-router';
import { Fragment, type ReactNode, useId } from 'react';
import { buttonLook } from './button.tsx';
import { classNames } from './class-names.ts';
import { Icon } from './icon.tsx';
import { useShortcut } from './keyboard.ts';

interface PageFrameProps {
  title: ReactNode;
  /** The title of the browser's tab, where the heading is no plain text. */
  tabTitle?: string;
  /** `narrow` is for forms and single things. */
  width?: 'wide' | 'narrow';
  above?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

const WIDTHS = { wide: 'max-w-6xl', narrow: 'max-w-3xl' };

export function PageFrame({ title, tabTitle, width = 'wide', above, actions, children }: PageFrameProps) {
  return (
    <div className={`mx-auto flex flex-col gap-5 px-4 py-4 lg:px-8 lg:py-6 ${WIDTHS[width]}`}>
      <title>{`${tabTitle ?? title} · Seed`}</title>
      <header className="flex flex-col gap-2">
        {above}
        <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-2">
          <h1 className="min-w-0 text-xl font-semibold wrap-anywhere">{title}</h1>
          {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
        </div>
      </header>
      {children}
    </div>
  );
}

interface SectionProps {
  title: string;
  hint?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

export function Section({ title, hint, actions, children }: SectionProps) {
  const id = useId();
  return (
    <section aria-labelledby={id} className="flex min-w-0 flex-col gap-3">
      <div className="flex min-h-8 flex-wrap items-center justify-between gap-2">
        <div>
          <h2 id={id} className="font-semibold">
            {title}
          </h2>
          {hint && <p className="text-sm text-muted">{hint}</p>}
        </div>
        {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </div>
      {children}
    </section>
  );
}

/** What is known of one thing, by its names: at the left the names, at the right the values that are there. */
/** Of a list that has the one that is chosen beside it: the heading of the page is then that one's. */
export function ListHeading({ isAlone, children }: { isAlone: boolean; children: string }) {
  const Heading = isAlone ? 'h1' : 'h2';
  return <Heading className="text-lg font-semibold">{children}</Heading>;
}

export function Facts({ of: facts }: { of: Record<string, ReactNode> }) {
  const known = Object.entries(facts).filter(([, value]) => value || value === 0);
  return (
    <dl className="grid grid-cols-[8rem_minmax(0,1fr)] items-baseline gap-x-4 gap-y-2 tabular-nums sm:grid-cols-[10rem_minmax(0,1fr)]">
      {known.map(([name, value]) => (
        <Fragment key={name}>
          <dt className="text-muted">{name}</dt>
          <dd className="min-w-0 wrap-anywhere">{value}</dd>
        </Fragment>
      ))}
    </dl>
  );
}

export function Tiles({ children }: { children: ReactNode }) {
  return (
    <dl className="grid grid-cols-2 gap-px overflow-hidden rounded-lg border border-line bg-line lg:grid-cols-5">
      {children}
    </dl>
  );
}

interface TileProps {
  term: string;
  value: string;
  /** All digits of the value, where it is rounded. */
  title?: string;
  children?: ReactNode;
}

export function Tile({ term, value, title, children }: TileProps) {
  return (
    // The last one takes what is left of a row of two.
    <div className="flex flex-col gap-0.5 bg-surface px-4 py-3 last:col-span-2 lg:last:col-span-1">
      <dt className="text-sm text-muted">{term}</dt>
      <dd title={title} className="text-xl font-semibold tabular-nums">
        {value}
      </dd>
      {children && <dd className="text-sm text-muted tabular-nums">{children}</dd>}
    </div>
  );
}

interface TabLinksProps {
  label: string;
  /** The first one is marked on its own page alone, the others on the pages below them, too. */
  tabs: readonly { name: string; to: string; params?: { id: string }; count?: number }[];
  className?: string;
}

/** Pages side by side under one heading: links that look like tabs. */
export function TabLinks({ label, tabs, className }: TabLinksProps) {
  return (
    <nav
      aria-label={label}
      className={classNames('flex gap-4 overflow-x-auto border-b sm:gap-5 border-line', className)}
    >
      {tabs.map(({ name, to, params = {}, count = 0 }, index) => (
        <Link
          key={to}
          to={to}
          params={params}
          activeOptions={{ exact: index === 0, includeSearch: false }}
          className="-mb-px flex h-9 shrink-0 items-center gap-1.5 border-b-2 border-transparent font-medium text-muted -outline-offset-2! hover:text-ink"
          activeProps={{ className: 'border-accent! text-ink!' }}
        >
          {name}
          {count > 0 && <span className="rounded bg-sunken px-1.5 text-xs tabular-nums">{count}</span>}
        </Link>
      ))}
    </nav>
  );
}

interface BackLinkProps {
  to:
    | '/approvals'
    | '/batches'
    | '/schedules'
    | '/keys'
    | '/commands'
    | '/webhooks'
    | '/webhooks/events'
    | '/webhooks/deliveries';
  className?: string;
  children: string;
}

/** From one thing back to its list with the filters it had, by hand and with Escape. */
export function BackLink({ to, className, children }: BackLinkProps) {
  const navigate = useNavigate();
  useShortcut('Escape', 'Back to the list', () => void navigate({ to, search: (before) => before }));
  return (
    <Link
      to={to}
      search={(before) => before}
      className={buttonLook('quiet', classNames('-ml-2 self-start px-2!', className))}
    >
      <Icon name="chevron" className="rotate-180" />
      {children}
    </Link>
  );
}
