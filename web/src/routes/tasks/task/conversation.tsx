// The conversation as it comes. Only what is on the screen is in the page; it follows the end while one is there.
import { useVirtualizer } from '@tanstack/react-virtual';
import { useCallback, useMemo, useRef } from 'react';
import { type StreamState, useCommand } from '../../../api/use-command.ts';
import { Button } from '../../../ui/button.tsx';
import { Icon } from '../../../ui/icon.tsx';
import { useShortcut } from '../../../ui/keyboard.ts';
import { ErrorNotice } from '../../../ui/states.tsx';
import { ScrollBox } from '../../../ui/table.tsx';
import { EntryView } from './entry-view.tsx';
import { GoOn } from './go-on.tsx';
import { useTask } from './open-task.tsx';
import { conversationRows } from './transcript.ts';

const ESTIMATED_HEIGHT = 48;
const AT_END_PX = 40;
const THREAD_MOST = 100;

export function Conversation() {
  const { task, transcript, stream } = useTask();
  const box = useRef<HTMLElement>(null);
  const { conversationId, createdAt, id } = task;
  // The thread that it is part of, the newest first; most tasks are alone in theirs.
  const thread = useCommand('tasks list', { conversationId, limit: THREAD_MOST }).data?.items;
  const before = useMemo(
    () => (thread ?? []).filter((one) => one.createdAt < createdAt).toReversed(),
    [thread, createdAt],
  );
  const next = thread?.find(({ continues }) => continues === id);
  const rows = useMemo(() => conversationRows(task, transcript, before), [task, transcript, before]);
  // The same function as long as the rows are the same: indexes are counted anew for another.
  const getItemKey = useCallback((index: number) => rows[index]?.key ?? index, [rows]);
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    getItemKey,
    estimateSize: () => ESTIMATED_HEIGHT,
    overscan: 6,
    gap: 12,
    paddingStart: 16,
    paddingEnd: 24,
    anchorTo: 'end',
    followOnAppend: true,
    scrollEndThreshold: AT_END_PX,
  });
  const toEnd = () => list.scrollToEnd();
  useShortcut('l', 'Jump to the end of the conversation', toEnd);
  const away = !list.isAtEnd() && list.getTotalSize() > (list.scrollRect?.height ?? 0);
  return (
    <div className="flex h-full flex-col">
      <div className="relative min-h-0 flex-1">
        <ScrollBox
          ref={box}
          label="Conversation"
          className="h-full overflow-y-auto contain-strict -outline-offset-2!"
        >
          <div className="relative w-full" style={{ height: list.getTotalSize() }}>
            {list.getVirtualItems().map(({ key, index, start }) => {
              const row = rows[index];
              return (
                row && (
                  <div
                    key={key}
                    ref={list.measureElement}
                    data-index={index}
                    data-key={key}
                    className="absolute inset-x-0 top-0 px-4 md:px-6"
                    style={{ transform: `translateY(${start}px)` }}
                  >
                    <EntryView
                      row={row}
                      startedAt={task.startedAt ?? task.createdAt}
                      over={task.completedAt !== null}
                    />
                  </div>
                )
              );
            })}
          </div>
        </ScrollBox>
        <div className="pointer-events-none absolute inset-x-0 bottom-3 flex flex-col items-center gap-2 px-4">
          {away && (
            <Button icon="arrowDown" className="pointer-events-auto rounded-full! shadow-lg" onClick={toEnd}>
              {task.completedAt === null ? 'Jump to live' : 'Jump to the end'}
            </Button>
          )}
          <StreamNotice state={stream} />
        </div>
      </div>
      <GoOn task={task} next={next} />
    </div>
  );
}

/** How the stream of events stands, where there is something to say. */
function StreamNotice({ state }: { state: StreamState }) {
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
