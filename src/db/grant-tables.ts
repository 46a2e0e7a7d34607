// The tables of limits and approvals, which are part of those in tables.ts.
import type { ApprovalState, DecidedVia } from '../protocol/approval.ts';
import type { Raise } from '../protocol/budget.ts';
import type { Effect } from '../protocol/manifest.ts';
import type { Defaulted, JsonOrNull } from './columns.ts';

export interface GrantTables {
  grant_reservations: {
    call_id: string;
    holder_id: string;
    counter: string;
    span: string;
    amount: string;
    created_at: Date;
  };
  grant_counts: { holder_id: string; counter: string; span: string; amount: string; updated_at: Date };
  approvals: {
    id: string;
    account_id: string;
    kind: 'command' | 'budget';
    state: ApprovalState;
    key_id: string;
    billed_key_id: string;
    task_id: string | null;
    request_id: string;
    idempotency_key: string | null;
    command: string | null;
    effect: Effect | null;
    scope: string | null;
    sealed_input: Buffer | null;
    shown_input: JsonOrNull<unknown>;
    exact_input: Defaulted<string | null>;
    input_hash: string | null;
    summary: string;
    reason: string;
    budget: JsonOrNull<Raise>;
    version: string | null;
    requested_at: Date;
    expires_at: Date;
    decided_at: Defaulted<Date | null>;
    decided_by: Defaulted<string | null>;
    decided_via: Defaulted<DecidedVia | null>;
    message: Defaulted<string | null>;
    ran_at: Defaulted<Date | null>;
    sealed_result: Defaulted<Buffer | null>;
    error: JsonOrNull<{ code: string; message: string }>;
    asking_keys: string[];
    claimed_until: Defaulted<Date | null>;
    asked_again: Defaulted<string | null>;
  };
  approval_links: {
    token_hash: string;
    approval_id: string;
    key_id: string;
    created_at: Date;
    used_at: Defaulted<Date | null>;
  };
}
