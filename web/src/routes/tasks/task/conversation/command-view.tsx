// A command of the platform that the agent called.
import { duration } from '../../../../format/times.ts';
import { Badge, EffectBadge } from '../../../../ui/badge.tsx';
import { ForeignText } from '../../../../ui/foreign-text.tsx';
import { Icon } from '../../../../ui/icon.tsx';
import type { Entry } from './transcript.ts';

type CommandEvent = Extract<Entry, { type: 'command' }>;

export function CommandView({
  event: { command, effect, scope, status, durationMs },
}: {
  event: CommandEvent;
}) {
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-1 rounded-lg border border-line bg-surface px-4 py-1.5">
      <Icon name="command" className="text-muted" />
      <span className="font-mono text-sm font-medium">
        <ForeignText text={command} />
      </span>
      <EffectBadge effect={effect} />
      {scope && <span className="font-mono text-xs text-muted">{scope}</span>}
      <span className="ml-auto flex items-center gap-3">
        <AnswerStatus status={status} />
        <span className="text-sm text-muted tabular-nums">{duration(durationMs)}</span>
      </span>
    </div>
  );
}

/** An HTTP status: of a refusal in its colour. Null: what came of the call is not known. */
export function AnswerStatus({ status }: { status: number | null }) {
  if (status === null) {
    return (
      <span title="It is still being called, or was cut off and may have been done">
        <Badge tone="warn">unknown</Badge>
      </span>
    );
  }
  return <Badge tone={status < 400 ? 'ok' : status < 500 ? 'warn' : 'bad'}>{status}</Badge>;
}
