// The approvals: at the left the list with its filters, at the right the chosen one. On a phone one of the two.
import { Link, Outlet, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useRef, useState } from 'react';
import { exactLine } from '../../../../src/lib/exact-text.ts';
import type { Approval } from '../../../../src/protocol/approval.ts';
import { usePages } from '../../api/use-command.ts';
import { type ApprovalsSearch, filterOf, STATE_NAMES, STATES } from '../../approvals/approval-words.ts';
import { type Decision, DecisionDialog, mayDecide } from '../../approvals/decide.tsx';
import { TimeLeft } from '../../approvals/exact-call.tsx';
import { Badge, EffectBadge, Status } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { classNames } from '../../ui/class-names.ts';
import { FilterField } from '../../ui/fields.tsx';
import { ForeignText } from '../../ui/foreign-text.tsx';
import { useRowKeys, useShortcut } from '../../ui/keyboard.ts';
import { ListHeading } from '../../ui/page-frame.tsx';
import { RelativeTime } from '../../ui/relative-time.tsx';
import { EmptyState, ListAnswer } from '../../ui/states.tsx';
import { toast } from '../../ui/toast.tsx';
import { useKeyNames } from '../tasks/list/task-list.tsx';

const REFRESH_MS = 3_000;
const FILTERS = [
  ...STATE_NAMES.filter((name) => name !== 'pending').map((name) => ({ value: name, label: STATES[name].label })),
  { value: 'any' as const, label: 'In any state' },
];

export function Approvals() {
  const { show: shown, task } = useSearch({ from: '/shell/approvals' });
  const { id: chosen } = useParams({ strict: false });
  const navigate = useNavigate();
  const list = useRef<HTMLDivElement>(null);
  const approvals = usePages('approvals list', filterOf({ show: shown, task }), {
    refreshMs: REFRESH_MS,
    exact: true,
  });
  const show = (search: ApprovalsSearch) => void navigate({ to: '/approvals', search, replace: true });
  useRowKeys(list, 'approval');
  const { deciding, close } = useDecisionKeys(approvals.items, chosen);
  return (
    <div className="flex h-full flex-col lg:grid lg:grid-cols-[26rem_minmax(0,1fr)]">
      <title>Approvals · Seed</title>
      <section
        aria-label="Approvals"
        className={classNames(
          'min-h-0 flex-1 flex-col border-line lg:flex lg:border-r',
          chosen ? 'hidden' : 'flex',
        )}
      >
        <header className="flex flex-col gap-3 border-b border-line px-4 pt-4 pb-3">
          <ListHeading isAlone={!chosen}>Approvals</ListHeading>
          <search className="flex flex-wrap items-center gap-2">
            <FilterField
              label="State"
              any="Waiting"
              value={shown === 'pending' ? undefined : shown}
              options={FILTERS}
              onChange={(wanted) => show({ task, show: wanted })}
              className="w-40"
            />
            {task && (
              <Button kind="quiet" icon="close" onClick={() => show({ show: shown })}>
                Only of task {task.slice(0, 8)}
              </Button>
            )}
          </search>
        </header>
        <div ref={list} className="min-h-0 flex-1 overflow-y-auto px-2 py-2">
          <ListAnswer query={approvals} empty={<Nothing shown={shown} showAll={() => show({ show: 'any' })} />}>
            <ul aria-label="Approvals" className="flex flex-col gap-0.5">
              {approvals.items.map((approval) => (
                <Row key={approval.id} approval={approval} />
              ))}
            </ul>
          </ListAnswer>
        </div>
      </section>
      <section
        aria-label="Approval"
        className={classNames('min-h-0 flex-1 overflow-y-auto lg:block', !chosen && 'hidden')}
      >
        <Outlet />
      </section>
      {deciding && <DecisionDialog key={deciding.approval.id} {...deciding} onClose={close} />}
    </div>
  );
}

/** `a` and `d` ask about the row that has the focus, and else about the one that is open; they decide nothing. */
function useDecisionKeys(approvals: readonly Approval[], chosen: string | undefined) {
  const [deciding, setDeciding] = useState<{ approval: Approval; to: Decision } | null>(null);
  const ask = (to: Decision) => {
    const row = document.activeElement?.closest<HTMLElement>('[data-approval]')?.dataset['approval'];
    const approval = approvals.find(({ id }) => id === (row ?? chosen));
    if (!approval) return toast('Choose one first, with j and k');
    if (!mayDecide(approval))
      return toast(`It is ${STATES[approval.state].label.toLowerCase()}: nothing to decide`);
    setDeciding({ approval, to });
  };
  useShortcut('a', 'Approve', () => ask('approve'));
  useShortcut('d', 'Deny', () => ask('deny'));
  return { deciding, close: () => setDeciding(null) };
}

function Row({ approval }: { approval: Approval }) {
  const { nameOf } = useKeyNames();
  const { id, state, summary, command, effect, task, keyId, requestedAt, expiresAt } = approval;
  const { label, tone } = STATES[state];
  return (
    <li>
      <Link
        data-row
        data-approval={id}
        to="/approvals/$id"
        params={{ id }}
        search
        className="flex flex-col gap-1 rounded-md px-2 py-2 hover:bg-sunken"
        activeProps={{ className: 'bg-accent-soft!' }}
      >
        <span className="line-clamp-2 font-medium wrap-anywhere">
          <ForeignText text={exactLine(summary)} />
        </span>
        <span className="flex flex-wrap items-center gap-x-2 gap-y-1 text-sm text-muted">
          {command ? <span className="font-mono text-xs">{command}</span> : <Badge>budget</Badge>}
          {effect && <EffectBadge effect={effect} />}
          <span className="min-w-0 truncate">
            <ForeignText text={task ? `task ${task.slice(0, 8)} of ${nameOf(keyId)}` : nameOf(keyId)} />
          </span>
        </span>
        <span className="flex items-center justify-between gap-2 text-sm">
          <Status tone={tone} live={state === 'pending'}>
            {label}
          </Status>
          <span className="text-muted tabular-nums">
            {state === 'pending' ? <TimeLeft expiresAt={expiresAt} /> : <RelativeTime at={requestedAt} />}
          </span>
        </span>
      </Link>
    </li>
  );
}

function Nothing({ shown, showAll }: { shown: ApprovalsSearch['show']; showAll(): void }) {
  if (shown === 'any') {
    return (
      <EmptyState icon="approval" title="Nothing was asked yet">
        Calls that a limit, a setting of a key or task, or a command wants a person’s yes for wait here.
      </EmptyState>
    );
  }
  return (
    <EmptyState
      icon="approval"
      title={shown === undefined || shown === 'pending' ? 'Nothing waits for you' : 'None is in this state'}
      action={<Button onClick={showAll}>Show all</Button>}
    >
      What waits for a person’s yes shows here, and is counted in the navigation, as it comes.
    </EmptyState>
  );
}

export function NoneChosen() {
  return (
    <div className="flex h-full items-center justify-center">
      <EmptyState icon="approval" title="What may happen, and what may not">
        Choose one to see the exact call, why it is asked and who asks. j and k move, Enter opens, a approves and d
        denies: each is asked again before anything happens.
      </EmptyState>
    </div>
  );
}
