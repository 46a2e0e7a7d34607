// The frame of a page that is one column: its heading with what can be done, then its content.
import type { ReactNode } from 'react';

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
