// How the stream of events stands, where there is something to say.
import type { StreamState } from '../../../../api/use-stream.ts';
import { Icon } from '../../../../ui/icon.tsx';
import { ErrorNotice } from '../../../../ui/states.tsx';

export function StreamNotice({ state }: { state: StreamState }) {
  if (state instanceof Error) {
    return (
      <div className="pointer-events-auto w-full max-w-xl shadow-lg">
        <ErrorNotice error={state} />
      </div>
    );
  }
  return (
    <div role="status">
      {state === 'lost' && (
        <p className="flex items-center gap-2 rounded-full border border-line bg-warn-soft px-4 py-1.5 text-warn shadow-lg">
          <Icon name="warning" />
          Connection lost, reconnecting…
        </p>
      )}
      {state === 'connecting' && <p className="sr-only">Reading the conversation</p>}
    </div>
  );
}
