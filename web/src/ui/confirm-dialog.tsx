// Asks before what cannot be undone.
import type { ReactNode } from 'react';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { ErrorNotice } from './states.tsx';

interface ConfirmDialogProps {
  title: string;
  /** The words of the button that does it: "Stop the task". */
  action: string;
  open: boolean;
  busy: boolean;
  error: unknown;
  onConfirm(): void;
  onClose(): void;
  /** What will happen. */
  children: ReactNode;
}

export function ConfirmDialog(props: ConfirmDialogProps) {
  const { title, action, open, busy, error, onConfirm, onClose, children } = props;
  return (
    <Dialog title={title} open={open} onClose={onClose}>
      <div className="flex flex-col gap-4 px-6 py-4">
        <div className="text-muted">{children}</div>
        {error != null && <ErrorNotice error={error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="danger" busy={busy} onClick={onConfirm}>
            {action}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
