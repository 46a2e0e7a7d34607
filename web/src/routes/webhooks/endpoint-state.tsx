// Whether events reach a webhook, in a word.
import type { DisabledReason, Webhook } from '../../../../src/protocol/webhook.ts';
import { Badge, BadgeList, Status } from '../../ui/badge.tsx';
import { RelativeTime } from '../../ui/relative-time.tsx';

const REASONS: Record<DisabledReason, string> = {
  gone: 'Off: it answered 410 Gone',
  failing: 'Off: it failed for five days',
  switched_off: 'Switched off',
};

export function EndpointState({ webhook }: { webhook: Webhook }) {
  const { enabled, disabledReason, failingSince } = webhook;
  if (!enabled)
    return (
      <Status tone={disabledReason === 'switched_off' ? 'neutral' : 'bad'}>
        {REASONS[disabledReason ?? 'switched_off']}
      </Status>
    );
  if (failingSince)
    return (
      <Status tone="warn">
        <span>
          Failing since <RelativeTime at={failingSince} />
        </span>
      </Status>
    );
  return <Status tone="ok">On</Status>;
}

/** The types of events that a webhook wants, as badges. */
export function EventTypes({ types, most }: { types: readonly string[]; most?: number }) {
  if (types.includes('*')) return <Badge>all events</Badge>;
  return <BadgeList items={types} {...(most && { most })} />;
}
