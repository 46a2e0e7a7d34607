// The part of holdings.ts that is of accounts themselves: of what they are asked, and what is left of them.
const words = (text: string) => text.trim().split(/\s+/);

export const ACCOUNT_HOLDINGS = {
  accounts: {
    account: { column: 'id', to: 'accounts' },
    task: [],
    identity: words('id operator created_at deleting_since'),
    setting: words('name models content_days ledger_days'),
    content: {},
  },
  /** What stays of a deleted account: that it was there, and the sums of its bill. */
  account_deletions: {
    account: null,
    task: [],
    identity: words('account_id requested_at requested_by rows blobs completed_at claimed_until look_at'),
    content: {},
  },
  account_bills: {
    account: null,
    task: [],
    ledger: words('account_id month model_calls input_tokens output_tokens llm_nano_usd compute_nano_usd'),
    content: {},
  },
  /** The archives lie in the store of files. */
  account_exports: {
    account: { column: 'account_id', to: 'accounts' },
    task: [],
    identity: words(`
      id account_id key_id status as_of counts parts error attempts requested_at completed_at expires_at claimed_until`),
    content: {},
  },
};
