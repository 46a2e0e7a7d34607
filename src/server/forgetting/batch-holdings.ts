// The part of holdings.ts that is of batches and their rows.
const words = (text: string) => text.trim().split(/\s+/);

export const BATCH_HOLDINGS = {
  batches: {
    account: { column: 'account_id', to: 'accounts' },
    task: [],
    identity: words(`
      id account_id key_id attach concurrency status rows pending invalid queued running waiting_for_approval completed
      failed timed_out stopped refusals retry_at claimed_until created_at updated_at completed_at`),
    ledger: words('budget used_tokens used_nano_usd used_calls'),
    setting: words('authority name task fills columns notes source pause_reason note'),
    content: {},
  },
  /** With its task a row forgets what it was given. */
  batch_rows: {
    account: { column: 'batch_id', to: 'batches' },
    task: [{ column: 'task_id', to: 'tasks' }],
    identity: words('batch_id number status task_id has_task attempt earlier'),
    content: { input: `'{}'`, error: 'null' },
  },
};
