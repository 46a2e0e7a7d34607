// Buttons, and links that look like one.
import type { ComponentProps } from 'react';
import { classNames } from './class-names.ts';
import { Icon, type IconName } from './icon.tsx';

type Kind = 'primary' | 'plain' | 'quiet' | 'danger';

const LOOKS: Record<Kind, string> = {
  primary: 'bg-accent text-on-accent hover:bg-accent-strong border border-transparent',
  plain: 'bg-surface text-ink border border-line hover:border-control',
  quiet: 'text-muted hover:text-ink hover:bg-sunken border border-transparent',
  danger: 'bg-surface text-bad border border-line hover:border-bad',
};

interface Look {
  kind?: Kind;
  icon?: IconName;
  /** What it does is in progress: it cannot be pressed again. */
  busy?: boolean;
}

export function buttonLook(kind: Kind = 'plain', more?: string): string {
  return classNames(
    'inline-flex h-8 items-center justify-center gap-2 rounded-md px-3 text-base font-medium whitespace-nowrap transition-colors',
    'disabled:opacity-60 disabled:cursor-default',
    LOOKS[kind],
    more,
  );
}

export function Button({ kind, icon, busy, className, children, ...rest }: ComponentProps<'button'> & Look) {
  return (
    <button
      type="button"
      {...rest}
      disabled={rest.disabled || busy}
      aria-busy={busy || undefined}
      className={buttonLook(kind, className)}
    >
      {icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

/** A square button that shows its icon alone; the label is read out and shown on hovering. */
export function IconButton({
  label,
  icon,
  className,
  ...rest
}: ComponentProps<'button'> & { label: string; icon: IconName }) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      {...rest}
      className={buttonLook('quiet', classNames('w-8 px-0', className))}
    >
      <Icon name={icon} />
    </button>
  );
}
