// Says that Seed cannot be reached, until it can; then everything shown is read anew.
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { useLine } from '../api/connection.ts';
import { Icon } from '../ui/icon.tsx';

export function ConnectionBanner() {
  const line = useLine();
  const queryClient = useQueryClient();
  const before = useRef(line);
  useEffect(() => {
    if (before.current === 'lost' && line === 'up') void queryClient.invalidateQueries();
    before.current = line;
  }, [line, queryClient]);
  return (
    <div role="status">
      {line === 'lost' && (
        <p className="flex items-center gap-2 border-b border-line bg-warn-soft px-4 py-2 text-warn">
          <Icon name="warning" />
          Seed cannot be reached. What you see may be old; this page tries again by itself.
        </p>
      )}
    </div>
  );
}
