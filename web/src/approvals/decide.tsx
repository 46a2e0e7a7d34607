// Approving and denying. A dialog asks again with the exact call; it can be answered only after a moment, and says
// so when somebody else has decided meanwhile.
import { useEffect, useEffectEvent, useRef, useState } from 'react';
import type { Approval } from '../../../src/protocol/approval.ts';
import { LIMITS } from '../../../src/protocol/limits.ts';
import { AnswerError } from '../api/request.ts';
import { useAction, useCommand, useSeed } from '../api/use-command.ts';
import { Button } from '../ui/button.tsx';
import { Dialog, FormDialog } from '../ui/dialog.tsx';
import { TextAreaField } from '../ui/fields.tsx';
import { toastThen } from '../ui/toast.tsx';
import { decision } from './approval-words.ts';
import { ExactCall, ExactLine, TimeLeft } from './exact-call.tsx';

export type Decision = 'approve' | 'deny';

const WORDS = {
  approve: { title: 'Approve this?', submit: 'Approve', done: 'It is approved', kind: 'primary' },
  deny: { title: 'Deny this?', submit: 'Deny', done: 'It is denied', kind: 'danger' },
} as const;

const REFRESH_MS = 2_000;

/** Whether there is something to decide, and for this key. */
export function mayDecide({ state, mayDecide: may }: Approval): boolean {
  return state === 'pending' && may;
}

interface DecisionDialogProps {
  approval: Approval;
  to: Decision;
  onClose(): void;
}

export function DecisionDialog({ approval, to, onClose }: DecisionDialogProps) {
  const deciding = useAction(`approvals ${to}`, ['tasks']);
  const { id } = approval;
  const read = useCommand('approvals get', { id }, { refreshMs: REFRESH_MS, exact: true });
  const [message, setMessage] = useState('');
  const [isRead, setRead] = useState(to === 'deny');
  const isArmed = useArmed();
  const { title, submit, done, kind } = WORDS[to];
  const isLate = deciding.error instanceof AnswerError && deciding.error.code === 'approval_decided';
  const isMine = deciding.isPending || deciding.isSuccess;
  const now = read.data?.approval;
  if (now && now.state !== 'pending' && !isMine) return <TooLate approval={now} to={to} onClose={onClose} />;
  const decide = () => {
    const words = message.trim();
    // Not the callbacks of `mutate`: what waits leaves the page, and this with it, before they would be called.
    void deciding
      .mutateAsync({ id, ...(words !== '' && { message: words }) })
      .then(toastThen(done, onClose), () => void read.refetch());
  };
  return (
    <FormDialog
      title={title}
      onClose={onClose}
      submit={submit}
      kind={kind}
      disabled={!isArmed || !isRead || isLate}
      action={deciding}
      onSubmit={decide}
    >
      <div className="flex items-baseline justify-between gap-4">
        <p className="min-w-0 font-medium wrap-anywhere">
          <ExactLine text={approval.summary} />
        </p>
        <span className="shrink-0 text-sm text-muted tabular-nums">
          <TimeLeft expiresAt={approval.expiresAt} />
        </span>
      </div>
      <ExactCall approval={approval} />
      <EndOfCall onSeen={() => setRead(true)} />
      <TextAreaField
        label="Message"
        hint={to === 'deny' ? 'Its agent is told why, and goes on.' : 'Kept in the ledger.'}
        rows={2}
        maxLength={LIMITS.approvalMessageLength}
        autoFocus={to === 'deny'}
        value={message}
        onChange={setMessage}
      />
    </FormDialog>
  );
}

/** Tells when it has come into sight: what stands before it could be read. */
function EndOfCall({ onSeen }: { onSeen(): void }) {
  const end = useRef<HTMLDivElement>(null);
  const tell = useEffectEvent(onSeen);
  useEffect(() => {
    const observer = new IntersectionObserver((entries) => {
      if (entries.some(({ isIntersecting }) => isIntersecting)) tell();
    });
    if (end.current) observer.observe(end.current);
    return () => observer.disconnect();
  }, []);
  return <div ref={end} className="-my-2 h-px" />;
}

const ARMED_AFTER_MS = 700;

/** False for a moment: the second press of a double click, or a key that is held, is no decision. */
function useArmed(): boolean {
  const [isArmed, setArmed] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setArmed(true), ARMED_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  return isArmed;
}

function TooLate({ approval, to, onClose }: DecisionDialogProps) {
  const { message } = approval;
  const byOther = approval.decidedBy !== null;
  return (
    <Dialog title={byOther ? 'Somebody else decided first' : 'It is over'} open onClose={onClose}>
      <div className="flex flex-col gap-4 px-6 py-4">
        <p role="alert" className="rounded-lg bg-warn-soft p-3 text-warn">
          {decision(approval)} {to === 'approve' ? 'You approved' : 'You denied'} nothing.
        </p>
        <p className="font-medium wrap-anywhere">
          <ExactLine text={approval.summary} />
        </p>
        {message && (
          <p className="wrap-anywhere">
            “<ExactLine text={message} />”
          </p>
        )}
        <div className="flex justify-end">
          <Button onClick={onClose}>Close</Button>
        </div>
      </div>
    </Dialog>
  );
}

/** The two buttons, where the key may decide; `a` and `d` are the page's own. */
export function DecisionButtons({ approval }: { approval: Approval }) {
  const { may } = useSeed();
  const [to, setTo] = useState<Decision | null>(null);
  if (!mayDecide(approval) && to === null) return null;
  return (
    <span className="flex gap-2">
      {may('approvals approve') && (
        <Button kind="primary" icon="check" onClick={() => setTo('approve')}>
          Approve
        </Button>
      )}
      {may('approvals deny') && (
        <Button kind="danger" icon="close" onClick={() => setTo('deny')}>
          Deny
        </Button>
      )}
      {to && <DecisionDialog approval={approval} to={to} onClose={() => setTo(null)} />}
    </span>
  );
}
