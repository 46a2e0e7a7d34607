// Views of the same thing, one at a time, on Radix: arrow keys move between them.
import { Tabs as Radix } from 'radix-ui';
import type { ReactNode } from 'react';

interface TabsProps {
  label: string;
  tabs: readonly { name: string; content: ReactNode }[];
  /** The name of the one that is shown first. */
  initial: string;
}

export function Tabs({ label, tabs, initial }: TabsProps) {
  return (
    <Radix.Root defaultValue={initial} className="flex flex-col gap-3">
      <Radix.List aria-label={label} className="flex w-fit gap-0.5 rounded-lg border border-line bg-sunken p-0.5">
        {tabs.map(({ name }) => (
          <Radix.Trigger
            key={name}
            value={name}
            className="h-7 rounded-md px-3 font-medium text-muted hover:text-ink data-[state=active]:bg-surface data-[state=active]:text-ink data-[state=active]:shadow-xs"
          >
            {name}
          </Radix.Trigger>
        ))}
      </Radix.List>
      {tabs.map(({ name, content }) => (
        <Radix.Content key={name} value={name}>
          {content}
        </Radix.Content>
      ))}
    </Radix.Root>
  );
}
