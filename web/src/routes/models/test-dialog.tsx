// Tests a model as soon as it is opened, and shows what works. Opened by the page of models.
import { useEffect, useRef } from 'react';
import type { ModelTest } from '../../../../src/protocol/model.ts';
import { useAction } from '../../api/use-command.ts';
import { Status } from '../../ui/badge.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { ErrorNotice, SkeletonRows } from '../../ui/states.tsx';

export function TestDialog({ model, onClose }: { model: string; onClose(): void }) {
  const test = useAction('models test');
  const { mutate } = test;
  const sent = useRef(false);
  useEffect(() => {
    // Once, also where effects are run twice to find mistakes.
    if (sent.current) return;
    sent.current = true;
    mutate({ model });
  }, [mutate, model]);
  const found = test.data?.test;
  return (
    <Dialog title={`Test of ${model}`} open onClose={onClose}>
      <div className="flex flex-col gap-4 px-6 py-4">
        {test.error && <ErrorNotice error={test.error} retry={() => mutate({ model })} />}
        {test.isPending && (
          <>
            <p className="text-muted">It is asked to call a tool, once. One that is loaded first takes a while.</p>
            <SkeletonRows rows={2} />
          </>
        )}
        {found && !test.isPending && <Found test={found} />}
      </div>
    </Dialog>
  );
}

function Found({ test }: { test: ModelTest }) {
  return (
    <>
      <p role="status">{verdict(test)}</p>
      <ul className="list-disc space-y-1 pl-5">
        {test.says.split('\n').map((line) => (
          <li key={line} className="wrap-anywhere">
            {line}
          </li>
        ))}
      </ul>
    </>
  );
}

function verdict({ answered, toolCalls }: ModelTest) {
  if (!answered) return <Status tone="bad">It gave no answer</Status>;
  if (toolCalls === 'none') return <Status tone="warn">It answers, and called no tool</Status>;
  return <Status tone="ok">It works</Status>;
}
