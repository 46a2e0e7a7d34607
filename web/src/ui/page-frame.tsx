// What a page of one column is made of: its heading with what can be done, sections, facts, links to pages beside it.

import { Link } from '@tanstack/react-router';
import { type ReactNode, useId } from 'react';

interface PageFrameProps {
  title: ReactNode;
  /** Of the browser's tab; where the heading is no plain text. */
  tabTitle?: string;
  /** Stands above the heading, such as the way back. */
  above?: ReactNode;
  /** Buttons, at the right. */
  actions?: ReactNode;
  children: ReactNode;
}

export function PageFrame({ title, tabTitle, above, actions, children }: PageFrameProps) {
  return (
    <div className="mx-auto flex max-w-6xl flex-col gap-5 px-4 py-4 lg:px-8 lg:py-6">
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
  actions?: ReactNode;
  children: ReactNode;
}

/** A part of a page under a heading of its own. */
export function Section({ title, actions, children }: SectionProps) {
  const id = useId();
  return (
    <section aria-labelledby={id} className="flex min-w-0 flex-col gap-3">
      <div className="flex min-h-8 flex-wrap items-center justify-between gap-2">
        <h2 id={id} className="font-semibold">
          {title}
        </h2>
        {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </div>
      {children}
    </section>
  );
}

/** What is known of one thing: names at the left, values at the right. */
export function Facts({ children }: { children: ReactNode }) {
  return (
    <dl className="grid grid-cols-[8rem_minmax(0,1fr)] items-baseline gap-x-4 gap-y-2 sm:grid-cols-[10rem_minmax(0,1fr)]">
      {children}
    </dl>
  );
}

export function Fact({ term, children }: { term: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-muted">{term}</dt>
      <dd className="min-w-0 wrap-anywhere">{children}</dd>
    </>
  );
}

interface TabLinksProps {
  label: string;
  tabs: readonly { name: string; to: string; exact?: boolean }[];
}

/** Pages side by side under one heading: links that look like tabs. */
export function TabLinks({ label, tabs }: TabLinksProps) {
  return (
    <nav aria-label={label} className="flex gap-5 overflow-x-auto border-b border-line">
      {tabs.map(({ name, to, exact = false }) => (
        <Link
          key={to}
          to={to}
          activeOptions={{ exact, includeSearch: false }}
          className="-mb-px flex h-9 shrink-0 items-center border-b-2 border-transparent font-medium text-muted hover:text-ink"
          activeProps={{ className: 'border-accent! text-ink!' }}
        >
          {name}
        </Link>
      ))}
    </nav>
  );
}
