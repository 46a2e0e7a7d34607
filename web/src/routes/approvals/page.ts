// /approvals and /approvals/<id>: calls and budgets that wait for a person's yes, and those that were decided on.
import { lazyRouteComponent as lazy } from '@tanstack/react-router';
import { approvalsSearch } from '../../approvals/approval-words.ts';
import { PendingCount } from '../../approvals/pending.tsx';
import { type Page, pageRoute } from '../../shell/page.ts';
import { shellRoute } from '../../shell/shell.tsx';

const pages = () => import('./approvals.tsx');
const one = () => import('./approval.tsx');
const approvals = pageRoute(shellRoute, '/approvals', lazy(pages, 'Approvals'), approvalsSearch);

export const approvalsPage = {
  name: 'Approvals',
  path: '/approvals',
  icon: 'approval',
  keys: 'g a',
  needs: 'approvals list',
  Count: PendingCount,
  routes: [
    approvals.addChildren([
      pageRoute(approvals, '/', lazy(pages, 'NoneChosen')),
      pageRoute(approvals, '$id', lazy(one, 'ApprovalPage')),
    ]),
  ],
} as const satisfies Page;
