// One approval: the exact call, why it is asked and who asks; the decision, and what came of it.
import { useParams } from '@tanstack/react-router';
import type { Approval } from '../../../../src/protocol/approval.ts';
import { useCommand, useSeed } from '../../api/use-command.ts';
import { decision, STATES } from '../../approvals/approval-words.ts';
import { DecisionButtons, mayDecide } from '../../approvals/decide.tsx';
import { ExactCall, ExactLine, ExactValue, TimeLeft } from '../../approvals/exact-call.tsx';
import { Status } from '../../ui/badge.tsx';
import { CopyableId, CopyLink } from '../../ui/code.tsx';
import { ForeignText } from '../../ui/foreign-text.tsx';
import { BackLink, Facts, Section } from '../../ui/page-frame.tsx';
import { RelativeTime } from '../../ui/relative-time.tsx';
import { Answer, EmptyState } from '../../ui/states.tsx';
import { TaskLink, useKeyNames } from '../tasks/list/task-list.tsx';
import { KeyLink } from './key-link.tsx';

const REFRESH_MS = 2_000;

export function ApprovalPage() {
  const { id } = useParams({ from: '/shell/approvals/$id' });
  const { may } = useSeed();
  const isOffered = may('approvals get');
  const read = useCommand('approvals get', { id }, { enabled: isOffered, refreshMs: REFRESH_MS, exact: true });
  return (
    <article className="mx-auto flex max-w-3xl flex-col gap-6 px-4 py-4 lg:px-8 lg:py-6">
      <BackLink to="/approvals" className="lg:hidden!">
        Approvals
      </BackLink>
      {isOffered ? (
        // Of another one the answer before does not stay.
        <Answer query={{ ...read, data: read.data?.approval.id === id ? read.data : undefined }}>
          {({ approval }) => <Details key={id} approval={approval} />}
        </Answer>
      ) : (
        <EmptyState isPage icon="approval" title="This key may not see approvals">
          That needs the scope approvals:write. Sign in with a key that has it.
        </EmptyState>
      )}
    </article>
  );
}

function Details({ approval }: { approval: Approval }) {
  const { state, summary, requestedAt, expiresAt } = approval;
  const { label, tone } = STATES[state];
  const isPending = state === 'pending';
  return (
    <>
      <title>{`${label}: ${summary.slice(0, 60)} · Seed`}</title>
      <header className="flex flex-col gap-3">
        <div className="flex items-start justify-between gap-2">
          <h1 className="min-w-0 text-xl font-semibold wrap-anywhere">
            <ExactLine text={summary} />
          </h1>
          <CopyLink label="Copy the link to this approval" />
        </div>
        <div className="flex flex-wrap items-center gap-x-5 gap-y-1.5 text-muted tabular-nums">
          <strong className="font-medium text-ink">
            <Status tone={tone} live={isPending}>
              {label}
            </Status>
          </strong>
          <span>
            asked <RelativeTime at={requestedAt} />
          </span>
          {isPending && <TimeLeft expiresAt={expiresAt} />}
        </div>
        <DecisionButtons approval={approval} />
        {isPending && !mayDecide(approval) && (
          <p className="text-muted">
            Your key may not decide about this one: it asks itself, or has not the scope. Another person’s key may.
          </p>
        )}
      </header>
      <Outcome approval={approval} />
      <Section title="What would be done">
        <ExactCall approval={approval} />
      </Section>
      <Asker approval={approval} />
    </>
  );
}

function Outcome({ approval }: { approval: Approval }) {
  const { state, kind, decidedAt, message, result, error } = approval;
  if (state === 'pending') return null;
  const isApproved = state === 'approved';
  const isDone = result !== null && result !== undefined;
  return (
    <Section title="What came of it">
      <p>
        {decision(approval)}{' '}
        <span className="text-muted">
          <RelativeTime at={decidedAt} none="" />
        </span>
      </p>
      {message && (
        <blockquote className="border-l-2 border-line pl-3 wrap-anywhere">
          <ExactLine text={message} />
        </blockquote>
      )}
      {isApproved && kind === 'command' && !isDone && !error && (
        <p role="status" className="text-muted">
          It is being done.
        </p>
      )}
      {isApproved && error && (
        <p role="alert" className="rounded-lg border border-bad bg-bad-soft p-3 wrap-anywhere">
          It was not done: <ForeignText text={error.message} />{' '}
          <span className="font-mono text-xs text-muted">{error.code}</span>
        </p>
      )}
      {isDone && <ExactValue label="What the command answered" value={result} className="max-h-96" />}
    </Section>
  );
}

function Asker({ approval }: { approval: Approval }) {
  const { nameOf } = useKeyNames();
  const { id, task, keyId } = approval;
  return (
    <Section title="Who asks">
      <Facts
        of={{
          Task: task ? <TaskLink id={task} /> : 'none: a call of the key itself',
          Key: <KeyLink id={keyId} name={nameOf(keyId)} />,
          Id: <CopyableId id={id} />,
        }}
      />
    </Section>
  );
}
