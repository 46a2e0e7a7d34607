// Pages side by side under one heading: links that look like tabs.
import { Link } from '@tanstack/react-router';

interface TabLinksProps {
  label: string;
  tabs: readonly { name: string; to: string; exact?: boolean }[];
}

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
