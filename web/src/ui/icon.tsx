// Line icons on a grid of 16, drawn for this page. Always beside a text or on a control with a label of its own.
import { classNames } from './class-names.ts';

const PATHS = {
  approval: 'M2.500 8a5.5 5.5 0 1 0 5.500-5.500A5.5 5.5 0 0 0 2.500 8ZM5.500 8.200l1.800 1.800 3.200-3.800',
  check: 'M3.5 8.5 6.5 11.5 12.5 4.5',
  chip: 'M4.500 4.500h7v7h-7zM6.500 2v2.500M9.500 2v2.500M6.500 11.500V14M9.500 11.500V14M2 6.500h2.500M2 9.500h2.500M11.500 6.500H14M11.500 9.500H14',
  chevron: 'm6 4 4 4-4 4',
  clock: 'M8 13.500a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11ZM8 5v3.200l2 1.300',
  close: 'm4 4 8 8m0-8-8 8',
  arrowDown: 'M8 3v10m-4-4 4 4 4-4',
  chart: 'M3 13V8m5 5V3m5 10V6',
  command: 'm3 4 4 4-4 4m5.5 0H13',
  copy: 'M6 6h7v7H6zM10 6V3H3v7h3',
  cube: 'M8 2 13.5 5v6L8 14 2.5 11V5zM2.5 5 8 8l5.5-3M8 8v6',
  download: 'M8 2.500v8m-3-3 3 3 3-3M3 13.500h10',
  file: 'M4 2h5l3 3v9H4zM9 2v3h3',
  key: 'M5.5 13.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM7.7 8.3 13.5 2.5M11 5l2 2',
  keyboard: 'M2 4.500h12v7H2zM4.5 7h.01M7 7h.01M9.5 7h.01M11.5 7h.01M5.5 9.500h5',
  link: 'M6.8 9.2 9.2 6.8M7.5 4.8 9 3.3a2.6 2.6 0 0 1 3.7 3.7l-1.5 1.5M8.5 11.2 7 12.7A2.6 2.6 0 0 1 3.3 9l1.5-1.5',
  list: 'M6 4h7M6 8h7M6 12h7M3 4h.01M3 8h.01M3 12h.01',
  menu: 'M2.5 4.500h11m-11 3.500h11m-11 3.500h11',
  moon: 'M13 9.200A5.3 5.3 0 0 1 6.8 3 5.3 5.3 0 1 0 13 9.200Z',
  plus: 'M8 3v10M3 8h10',
  repeat: 'M13 8a5 5 0 1 1-1.5-3.500L13 6m0-3v3h-3',
  search: 'M7 11.500a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9ZM10.5 10.5 14 14',
  signOut: 'M6.5 2.500H3v11h3.500M10 5l3 3-3 3m3-3H6.5',
  stop: 'M4.500 4.500h7v7h-7z',
  sun: 'M8 10.500a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM8 1.500v1M8 13.500v1M1.5 8h1M13.5 8h1M3.4 3.400l.7.7M11.9 11.900l.7.7M3.4 12.600l.7-.7M11.9 4.100l.7-.7',
  system: 'M2 3.500h12v8H2zM6 14h4M8 11.500V14',
  warning: 'M8 2.5 14.5 13.500h-13zM8 6.500V10m0 1.800v.01',
  webhook:
    'M5 11.500a2.5 2.5 0 1 1-1-4M8 6.5 5.5 11h6M11 9.200a2.5 2.5 0 1 1-1.2 3.500M8 6.500A2.5 2.5 0 1 1 10.4 4.500L11.5 9',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, className }: { name: IconName; className?: string }) {
  return (
    <svg
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      className={classNames('size-4 shrink-0', className)}
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The mark: a seed that sprouts. logo.svg is the same, for the browser's tab. */
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
