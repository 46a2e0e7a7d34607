// The box of a view that scrolls as a whole.
import type { ReactNode } from 'react';

export function ViewFrame({ label, children }: { label: string; children: ReactNode }) {
  return (
    <section
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls has to be reached by the keyboard
      tabIndex={0}
      className="h-full overflow-y-auto -outline-offset-2!"
    >
      <div className="flex max-w-6xl flex-col gap-6 px-4 py-4 md:px-6">{children}</div>
    </section>
  );
}
