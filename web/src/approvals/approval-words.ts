// What the pages of approvals and tasks say about one: its state, who decided, how long is left; and the list's
// filters.
import type { Approval, ApprovalState } from '../../../src/protocol/approval.ts';
import type { CommandInput } from '../api/seed.ts';
import { count, duration, money } from '../format/readable.ts';
import { textIn } from '../shell/page.ts';
import type { Tone } from '../ui/badge.tsx';

export const STATES: Record<ApprovalState, { label: string; tone: Tone }> = {
  pending: { label: 'Waiting', tone: 'warn' },
  approved: { label: 'Approved', tone: 'ok' },
  denied: { label: 'Denied', tone: 'bad' },
  expired: { label: 'Expired', tone: 'neutral' },
  cancelled: { label: 'Cancelled', tone: 'neutral' },
  stale: { label: 'Out of date', tone: 'warn' },
};
export const STATE_NAMES = Object.keys(STATES) as ApprovalState[];

/** What a state means, for one that nobody decided on. */
const WITHOUT_DECIDER: Record<ApprovalState, string> = {
  pending: 'Nobody has decided yet.',
  approved: 'It is approved.',
  denied: 'It is denied.',
  expired: 'Nobody decided in time. That is no denial: the agent is told that it was not answered.',
  cancelled: 'Its task ended, so nobody needs to decide any more and nothing will be done.',
  stale: 'What it is about has changed since it was asked: it was not done, and may be asked again.',
};

const VIA = { key: 'with the API', session: 'in the dashboard', link: 'by a link', mcp: 'over MCP' } as const;

/** Who decided what, in one sentence. */
export function decision({ state, decidedBy }: Pick<Approval, 'state' | 'decidedBy'>): string {
  if (decidedBy === null) return WITHOUT_DECIDER[state];
  const own = decidedBy.isSelf ? ', the key that asks or one of its kin' : '';
  const by = `${state === 'denied' ? 'Denied' : 'Approved'} by ${decidedBy.keyName} ${VIA[decidedBy.via]}${own}.`;
  return state === 'stale' ? `${by} ${WITHOUT_DECIDER.stale}` : by;
}

/** `1 min 5 s left`; past its time: that it is over. */
export function timeLeft(expiresAt: string, now: number): string {
  const leftMs = Date.parse(expiresAt) - now;
  return leftMs > 0 ? `${duration(Math.ceil(leftMs / 1_000) * 1_000)} left` : 'over';
}

/** What a budget would be raised to, such as `$0.50 → $1.00`. */
export function raise({ current, requested, unit }: NonNullable<Approval['budget']>): string {
  const show = unit === 'usd' ? money : (amount: number) => `${count(amount)} ${unit}`;
  return `${show(current)} → ${show(requested)}`;
}

export interface ApprovalsSearch {
  /** Missing: those that wait. */
  show?: ApprovalState | 'any' | undefined;
  /** Only those of this task. */
  task?: string | undefined;
}

export function approvalsSearch({ show, task }: Record<string, unknown>): ApprovalsSearch {
  const known = show === 'any' || STATE_NAMES.some((name) => name === show);
  return { show: known ? (show as ApprovalsSearch['show']) : undefined, task: textIn(task) };
}

export function filterOf({ show = 'pending', task }: ApprovalsSearch): CommandInput<'approvals list'> {
  return { ...(show !== 'any' && { state: show }), ...(task && { task }), limit: PAGE };
}

const PAGE = 50;
