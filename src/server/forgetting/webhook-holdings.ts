// The part of holdings.ts that is of webhooks: what is sent of a task is content, where to is a setting.
const OF_ACCOUNT = { column: 'account_id', to: 'accounts' };
const words = (text: string) => text.trim().split(/\s+/);

export const WEBHOOK_HOLDINGS = {
  webhook_endpoints: {
    account: OF_ACCOUNT,
    task: [],
    identity: words('id account_id enabled disabled_reason failing_since held_until created_at updated_at'),
    setting: words('url description event_types'),
    content: {},
  },
  webhook_secrets: {
    account: OF_ACCOUNT,
    task: [],
    identity: words('id account_id endpoint_id created_at works_until'),
    secret: words('sealed'),
    content: {},
  },
  webhook_events: {
    account: OF_ACCOUNT,
    task: [
      { column: `data->>'taskId'`, to: 'tasks', type: 'text' },
      { column: 'task_id', to: 'tasks' },
    ],
    identity: words('id account_id type created_at only_endpoint_id position task_id'),
    content: {
      data: `jsonb_build_object('taskId', data->'taskId', 'status', data->'status', 'forgotten', true)`,
      url: 'null',
    },
  },
  webhook_deliveries: {
    account: OF_ACCOUNT,
    task: [{ column: 'event_id', to: 'webhook_events' }],
    identity: words(`
      id account_id event_id endpoint_id lane created_at status attempts_made next_attempt_at claim_id completed_at`),
    // An endpoint's URL is a setting of the account's; a task's own goes.
    content: { url: `case when endpoint_id is null then '' else url end` },
  },
  webhook_attempts: {
    account: OF_ACCOUNT,
    task: [{ column: 'delivery_id', to: 'webhook_deliveries' }],
    identity: words('id account_id delivery_id created_at duration_ms status error'),
    content: { answer: `''` },
  },
  webhook_lanes: { account: OF_ACCOUNT, task: [], identity: words('lane account_id due_at'), content: {} },
  webhook_accounts: { account: OF_ACCOUNT, task: [], identity: words('account_id due_at'), content: {} },
} as const;
