// Follows a stream command for as long as a component is shown.
import { useEffect, useEffectEvent, useState } from 'react';
import type { CommandInput, CommandName, CommandOutput } from './commands.ts';
import { follow } from './follow.ts';
import type { AnswerError } from './request.ts';
import { useSeed } from './seed-context.ts';

export type StreamState = 'connecting' | 'live' | 'lost' | 'ended' | AnswerError;

/** @param input null: nothing to follow (yet). A new input is a new stream. */
export function useStream<Name extends CommandName>(
  name: Name,
  input: CommandInput<Name> | null,
  onItems: (items: CommandOutput<Name>[]) => void,
): StreamState {
  const seed = useSeed();
  const [state, setState] = useState<StreamState>('connecting');
  const take = useEffectEvent(onItems);
  // Not bound to `seed` itself: it is read anew now and then, and a stream goes on over that.
  const start = useEffectEvent((wanted: CommandInput<Name>, signal: AbortSignal) =>
    follow(seed, name, wanted, { signal, onItems: (items) => take(items), onLine: setState }),
  );
  const target = JSON.stringify(input);
  useEffect(() => {
    const wanted: CommandInput<Name> | null = JSON.parse(target);
    if (wanted === null) return;
    const left = new AbortController();
    setState('connecting');
    start(wanted, left.signal).then(
      () => left.signal.aborted || setState('ended'),
      (error) => left.signal.aborted || setState(error as AnswerError),
    );
    return () => left.abort();
  }, [target]);
  return state;
}
