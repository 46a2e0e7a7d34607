// Modal dialogs on Radix: the focus stays inside, Escape and a press beside close, the rest is hidden.
import { Dialog as Radix } from 'radix-ui';
import { type FormEvent, type ReactNode, useRef, useState } from 'react';
import { Button, IconButton } from './button.tsx';
import { classNames } from './class-names.ts';
import { useSubmitKey } from './keyboard.ts';
import { ErrorNotice } from './states.tsx';

interface DialogProps {
  title: string;
  open: boolean;
  onClose(): void;
  /** `left` is a drawer at that edge, for phones. */
  position?: 'middle' | 'left';
  children: ReactNode;
}

const POSITIONS = {
  middle: 'inset-0 m-auto h-fit w-full max-w-xl max-h-[calc(100dvh-2rem)] rounded-xl border',
  left: 'inset-y-0 left-0 w-72 max-w-[85vw] border-r',
};

export function Dialog({ open, onClose, ...props }: DialogProps) {
  return (
    <Radix.Root open={open} onOpenChange={(isWanted) => isWanted || onClose()}>
      {open && <OpenDialog {...props} />}
    </Radix.Root>
  );
}

function OpenDialog({ title, position = 'middle', children }: Omit<DialogProps, 'open' | 'onClose'>) {
  const [opener] = useState(() => document.activeElement as HTMLElement | null);
  const giveFocusBack = (event: Event) => {
    event.preventDefault();
    opener?.focus();
  };
  return (
    <Radix.Portal>
      {/* Not Radix.Overlay, which adds a style element that the page's policy refuses. The page itself never scrolls. */}
      <div className="fixed inset-0 z-40 bg-shade" />
      <Radix.Content
        aria-describedby={undefined}
        onCloseAutoFocus={giveFocusBack}
        className={classNames('fixed z-40 flex flex-col border-line bg-surface shadow-xl', POSITIONS[position])}
      >
        <header className="flex items-center justify-between gap-4 border-b border-line py-3 pr-3 pl-6">
          <Radix.Title className="text-lg font-semibold">{title}</Radix.Title>
          <Radix.Close asChild>
            <IconButton label="Close" icon="close" />
          </Radix.Close>
        </header>
        <div className="min-h-0 flex-1 overflow-y-auto">{children}</div>
      </Radix.Content>
    </Radix.Portal>
  );
}

interface FormDialogProps {
  title: string;
  /** Default: it is shown as long as it is there. */
  open?: boolean;
  onClose(): void;
  /** The words of the button that does it: "Stop the task". */
  submit: string;
  /** `danger` is for what cannot be undone. */
  kind?: 'primary' | 'danger';
  disabled?: boolean;
  /** What useAction gives: how far it is, and what went wrong. */
  action: { isPending: boolean; error: Error | null };
  onSubmit(): void;
  children: ReactNode;
}

/** Asks before something is done, stays open until it is, and shows what went wrong. */
export function FormDialog(props: FormDialogProps) {
  const { title, open = true, onClose, submit, kind = 'primary', disabled = false, action, children } = props;
  const onSubmit = () => {
    if (!action.isPending && !disabled) props.onSubmit();
  };
  return (
    <Dialog title={title} open={open} onClose={onClose}>
      <Form onSubmit={onSubmit}>
        {children}
        {action.error && <ErrorNotice error={action.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind={kind} disabled={disabled} busy={action.isPending}>
            {submit}
          </Button>
        </div>
      </Form>
    </Dialog>
  );
}

function Form({ onSubmit, children }: { onSubmit(): void; children: ReactNode }) {
  const form = useRef<HTMLFormElement>(null);
  useSubmitKey(form);
  const send = (event: FormEvent) => {
    event.preventDefault();
    onSubmit();
  };
  return (
    <form ref={form} onSubmit={send} className="flex flex-col gap-4 px-6 py-4">
      {children}
    </form>
  );
}
