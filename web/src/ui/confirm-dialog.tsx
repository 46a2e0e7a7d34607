// Asks before something that cannot be undone, and shows why it failed if it does.
import type { ReactNode } from 'react';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { ErrorNotice } from './states.tsx';

interface ConfirmDialogProps {
  title: string;
  open: boolean;
  onClose(): void;
  /** The button: says what happens, not "OK". */
  action: string;
  onConfirm(): void;
  busy: boolean;
  error: Error | null;
  /** What follows from it. */
  children: ReactNode;
}

export function ConfirmDialog(props: ConfirmDialogProps) {
  const { title, open, onClose, action, onConfirm, busy, error, children } = props;
  return (
    <Dialog title={title} open={open} onClose={onClose}>
      <div className="flex flex-col gap-4 px-6 py-4">
        <div className="flex flex-col gap-2 wrap-anywhere">{children}</div>
        {error && <ErrorNotice error={error} />}
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
