// Small words with a meaning of their own: effects, scopes, states. Colour never stands alone.
import type { ReactNode } from 'react';
import type { Effect } from '../../../src/protocol/manifest.ts';
import { classNames } from './class-names.ts';

export type Tone = 'neutral' | 'ok' | 'info' | 'warn' | 'bad';

const TONES: Record<Tone, string> = {
  neutral: 'bg-sunken text-muted',
  ok: 'bg-ok-soft text-ok',
  info: 'bg-info-soft text-info',
  warn: 'bg-warn-soft text-warn',
  bad: 'bg-bad-soft text-bad',
};

export function Badge({ tone = 'neutral', mono, children }: { tone?: Tone; mono?: boolean; children: ReactNode }) {
  return (
    <span
      className={classNames(
        'inline-flex h-5 items-center rounded px-1.5 text-xs font-medium whitespace-nowrap',
        mono && 'font-mono',
        TONES[tone],
      )}
    >
      {children}
    </span>
  );
}

interface BadgeListProps {
  items: readonly string[];
  /** How many are shown; the others are counted behind them. */
  most?: number;
  className?: string;
}

export function BadgeList({ items, most = items.length, className }: BadgeListProps) {
  return (
    <span className={classNames('flex flex-wrap gap-1', className)}>
      {items.slice(0, most).map((item) => (
        <Badge key={item} mono>
          {item}
        </Badge>
      ))}
      {items.length > most && <Badge>{`and ${items.length - most} more`}</Badge>}
    </span>
  );
}

const EFFECT_TONES: Record<Effect, Tone> = { read: 'neutral', write: 'info', destructive: 'bad' };

export function EffectBadge({ effect }: { effect: Effect }) {
  return <Badge tone={EFFECT_TONES[effect]}>{effect}</Badge>;
}

const DOTS: Record<Tone, string> = {
  neutral: 'bg-faint',
  ok: 'bg-ok',
  info: 'bg-info',
  warn: 'bg-warn',
  bad: 'bg-bad',
};

/** A state with its dot; `live` pulses while something is in progress. */
export function Status({ tone, live = false, children }: { tone: Tone; live?: boolean; children: ReactNode }) {
  return (
    <span className="inline-flex items-center gap-2 whitespace-nowrap">
      <span
        aria-hidden="true"
        className={classNames('size-2 rounded-full', DOTS[tone], live && 'animate-pulse')}
      />
      {children}
    </span>
  );
}
