// The types of events that a webhook wants, as badges.
import { Badge } from '../../ui/badge.tsx';

export function EventTypes({ types, most = types.length }: { types: readonly string[]; most?: number }) {
  if (types.includes('*')) return <Badge>all events</Badge>;
  return (
    <span className="inline-flex flex-wrap gap-1">
      {types.slice(0, most).map((type) => (
        <Badge key={type} mono>
          {type}
        </Badge>
      ))}
      {types.length > most && <Badge>{`and ${types.length - most} more`}</Badge>}
    </span>
  );
}
