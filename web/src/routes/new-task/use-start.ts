// Starts the task that was written, and leads to it.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useRef } from 'react';
import type { CommandInput } from '../../api/commands.ts';
import { useSeed } from '../../api/seed-context.ts';

interface Start {
  input: CommandInput<'tasks run'>;
  files: readonly File[];
}

export function useStart() {
  const seed = useSeed();
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const attempt = useRef({ of: '', key: '' });
  return useMutation({
    mutationFn: ({ input, files }: Start) => {
      // The same task sent again, because its answer was lost, is one task.
      const of = JSON.stringify([
        input,
        files.map(({ name, size, lastModified }) => [name, size, lastModified]),
      ]);
      if (attempt.current.of !== of) attempt.current = { of, key: randomKey() };
      return seed.call('tasks run', input, { files, headers: { 'Idempotency-Key': attempt.current.key } });
    },
    onSuccess: ({ task }) => {
      attempt.current = { of: '', key: '' };
      void queryClient.invalidateQueries({
        predicate: ({ queryKey }) => String(queryKey[0]).startsWith('tasks '),
      });
      void navigate({ to: '/tasks/$id', params: { id: task.id } });
    },
  });
}

/** `crypto.randomUUID` is not there over plain http. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}
