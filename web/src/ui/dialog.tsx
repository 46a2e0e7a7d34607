// A modal dialog on the browser's own <dialog>, which keeps the focus inside, closes on Escape and gives the focus back.
import { type ReactNode, useEffect, useId, useRef } from 'react';
import { createPortal } from 'react-dom';
import { Button, IconButton } from './button.tsx';
import { classNames } from './class-names.ts';
import { ErrorNotice } from './states.tsx';

interface DialogProps {
  title: string;
  open: boolean;
  onClose(): void;
  /** `side`: a drawer at the left edge, for phones. */
  place?: 'middle' | 'side';
  children: ReactNode;
}

const PLACES = {
  middle: 'm-auto w-full max-w-xl max-h-[calc(100dvh-2rem)] rounded-xl border border-line',
  side: 'm-0 mr-auto h-dvh max-h-none w-72 max-w-[85vw] border-r border-line',
};

export function Dialog({ title, open, onClose, place = 'middle', children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const dialog = ref.current;
    if (open && dialog && !dialog.open) dialog.showModal();
    return () => dialog?.close();
  }, [open]);
  if (!open) return null;
  // In the body: a dialog within something hidden would be open and not seen.
  return createPortal(
    <dialog
      ref={ref}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onPointerDown={(event) => event.target === ref.current && onClose()}
      className={classNames('bg-surface p-0 text-ink shadow-xl', PLACES[place])}
    >
      <div className="flex h-full flex-col">
        <header className="flex items-center justify-between gap-4 border-b border-line py-3 pr-3 pl-6">
          <h2 id={titleId} className="text-lg font-semibold">
            {title}
          </h2>
          <IconButton label="Close" icon="close" onClick={onClose} />
        </header>
        <div className="min-h-0 flex-1 overflow-y-auto">{children}</div>
      </div>
    </dialog>,
    document.body,
  );
}

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

/** Asks before what cannot be undone. */
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
