// What can be done with a batch, as far as the key may: results, pause, resume, retry, stop.
import { useState } from 'react';
import { restCall } from '../../../../src/lib/rest-call.ts';
import type { Batch } from '../../../../src/protocol/batch.ts';
import { BASE_PATH } from '../../api/base-path.ts';
import { useAction, useSeed } from '../../api/use-command.ts';
import { count } from '../../format/readable.ts';
import { Button, buttonLook } from '../../ui/button.tsx';
import { FormDialog } from '../../ui/dialog.tsx';
import { Icon } from '../../ui/icon.tsx';
import { toast, toastThen } from '../../ui/toast.tsx';

export function BatchActions({ batch }: { batch: Batch }) {
  const { id, status, counts } = batch;
  const { may } = useSeed();
  const [stopping, setStopping] = useState(false);
  const pause = useAction('batches pause');
  const resume = useAction('batches resume');
  const retry = useAction('batches retry');
  const told = (done: string) => ({
    onSuccess: () => toast(done),
    onError: ({ message }: Error) => toast(`That did not work: ${message}`),
  });
  const isRetried = status !== 'stopping' && counts.failed + counts.timedOut > 0;
  return (
    <>
      <ResultsLink id={id} />
      {isRetried && may('batches retry') && (
        <Button busy={retry.isPending} onClick={() => retry.mutate({ id }, told('The failed rows start again'))}>
          Retry the failed
        </Button>
      )}
      {status === 'running' && may('batches pause') && (
        <Button busy={pause.isPending} onClick={() => pause.mutate({ id }, told('The batch is paused'))}>
          Pause
        </Button>
      )}
      {status === 'paused' && may('batches resume') && (
        <Button busy={resume.isPending} onClick={() => resume.mutate({ id }, told('The batch goes on'))}>
          Resume
        </Button>
      )}
      {(status === 'running' || status === 'paused') && may('batches stop') && (
        <Button kind="danger" onClick={() => setStopping(true)}>
          Stop
        </Button>
      )}
      {stopping && <StopBatch batch={batch} onClose={() => setStopping(false)} />}
    </>
  );
}

function ResultsLink({ id }: { id: string }) {
  const { manifest } = useSeed();
  const command = manifest.commands.find((one) => one.name === 'batches results');
  if (!command) return null;
  return (
    <a href={BASE_PATH + restCall(command, { id }).path} download className={buttonLook('plain')}>
      <Icon name="download" />
      Results
    </a>
  );
}

function StopBatch({ batch: { id, counts }, onClose }: { batch: Batch; onClose(): void }) {
  const stop = useAction('batches stop', ['tasks']);
  const underWay = counts.queued + counts.running + counts.waitingForApproval;
  return (
    <FormDialog
      title="Stop the batch?"
      onClose={onClose}
      submit="Stop the batch"
      kind="danger"
      action={stop}
      onSubmit={() => stop.mutate({ id }, { onSuccess: toastThen('The batch is stopped', onClose) })}
    >
      <p>
        {count(underWay)} of its tasks are stopped, and {count(counts.pending)} rows never get one. Rows that are
        done stay as they are.
      </p>
    </FormDialog>
  );
}
