// What can be done with a schedule, as far as the key may: run now, pause, resume, edit, delete.
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { Schedule } from '../../../../src/protocol/schedule.ts';
import { useAction, useSeed } from '../../api/use-command.ts';
import { Button } from '../../ui/button.tsx';
import { FormDialog } from '../../ui/dialog.tsx';
import { toast, toastThen } from '../../ui/toast.tsx';
import { EditSchedule } from './schedule-form.tsx';

export function ScheduleActions({ schedule }: { schedule: Schedule }) {
  const { id, name, status } = schedule;
  const { may } = useSeed();
  const [editing, setEditing] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const run = useAction('schedules run');
  const pause = useAction('schedules pause');
  const resume = useAction('schedules resume');
  const told = (done: string) => ({
    onSuccess: () => toast(done),
    onError: ({ message }: Error) => toast(`That did not work: ${message}`),
  });
  return (
    <>
      {may('schedules run') && (
        <Button busy={run.isPending} onClick={() => run.mutate({ id }, told('It is due now'))}>
          Run now
        </Button>
      )}
      {status === 'active' && may('schedules pause') && (
        <Button busy={pause.isPending} onClick={() => pause.mutate({ id }, told('The schedule is paused'))}>
          Pause
        </Button>
      )}
      {status === 'paused' && may('schedules resume') && (
        <Button busy={resume.isPending} onClick={() => resume.mutate({ id }, told('The schedule goes on'))}>
          Resume
        </Button>
      )}
      {may('schedules update') && <Button onClick={() => setEditing(true)}>Edit</Button>}
      {may('schedules delete') && (
        <Button kind="danger" onClick={() => setDeleting(true)}>
          Delete
        </Button>
      )}
      {editing && <EditSchedule schedule={schedule} onClose={() => setEditing(false)} />}
      {deleting && <DeleteSchedule id={id} name={name} onClose={() => setDeleting(false)} />}
    </>
  );
}

function DeleteSchedule({ id, name, onClose }: { id: string; name: string; onClose(): void }) {
  const remove = useAction('schedules delete');
  const navigate = useNavigate();
  const onSuccess = toastThen('The schedule is deleted', () => void navigate({ to: '/schedules' }));
  return (
    <FormDialog
      title="Delete the schedule?"
      onClose={onClose}
      submit="Delete the schedule"
      kind="danger"
      action={remove}
      onSubmit={() => remove.mutate({ id }, { onSuccess })}
    >
      <p className="wrap-anywhere">
        <strong className="font-medium">{name}</strong> starts nothing any more, and what is known of its runs
        goes. Tasks that it has started go on.
      </p>
    </FormDialog>
  );
}
