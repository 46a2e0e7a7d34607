// The mark: a seed that sprouts. logo.svg is the same, for the browser's tab.
export function Logo({ size = 'size-6' }: { size?: string }) {
  return (
    <svg viewBox="0 0 32 32" fill="none" aria-hidden="true" className={size}>
      <rect width="32" height="32" rx="8" fill="#17693f" />
      <path d="M16 25V15.5" stroke="#fff" strokeWidth="2.4" strokeLinecap="round" />
      <path d="M16 16.5c0-4.6-3.2-7.4-8.4-7.5 0 4.9 3.1 7.6 8.4 7.5Z" fill="#fff" />
      <path d="M16 13.6c.3-3.9 3-6.2 7.6-6.5.2 4.3-2.7 6.7-7.6 6.5Z" fill="#9be3bd" />
    </svg>
  );
}
