// The brief's instructions in real sandboxes, with the scopes that the brief gives them: what each changes, judged
// by the rows and not by its answer; then the same instruction on data that is another. And what such a task
// cannot reach.
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXAMPLES } from '../../scripts/demo/examples.ts';
import type { Task } from '../../src/protocol/task.ts';
import { type TestDatabase, testDatabase } from '../fixtures/database.ts';
import { bash, startSeed, type TestSeed } from '../fixtures/seed.ts';

const PACKS = ['crm', 'commerce', 'devops', 'healthcare'];

let seed: TestSeed;
let database: TestDatabase;
let client: Client;

beforeAll(async () => {
  database = await testDatabase();
  client = new Client({ connectionString: database.databaseUrl });
  await client.connect();
  seed = await startSeed({
    DATABASE_URL: database.databaseUrl,
    SEED_PACKS: PACKS.map((pack) => `examples/${pack}`).join(','),
    SEED_POOL_SIZE: '2',
  });
  for (const pack of PACKS) {
    expect((await seed.call('POST', `/api/v1/packs/${pack}/samples`)).status).toBe(200);
  }
});
afterAll(async () => {
  await client?.end();
  await seed?.remove();
  await database?.drop();
});

const rows = async <Row = Record<string, unknown>>(statement: string) =>
  (await client.query(statement)).rows as Row[];

/** Runs the brief's example and expects it to complete with all of its scopes. */
async function run(name: string): Promise<Task> {
  const example = EXAMPLES.find((candidate) => candidate.name === name);
  const { instruction = '', scopes = [], timeoutMs: timeout } = example ?? {};
  const task = await seed.runTask({ instruction, scopes, timeout });
  expect(task).toMatchObject({ status: 'completed', model: 'scripted', exitCode: 0 });
  expect(task.scopes.effective).toEqual([...scopes].sort());
  return task;
}

describe.concurrent('the same instruction, with one state of the data and another', () => {
  it('crm: a plan that ends within 14 days gets a draft, one that ends a day later none', async () => {
    const drafts = () => rows('select contact_id, to_address, subject, task_id from pack_crm.emails');
    const acme = `where contact_id = 'acme-corp'`;
    await client.query(`update pack_crm.subscriptions set expires_on = expires_on + 6 ${acme}`);
    const early = await run('crm');
    expect(await drafts()).toEqual([]);
    expect(early.stdout).toContain('in 15 days');

    await client.query(`update pack_crm.subscriptions set expires_on = expires_on - 1 ${acme}`);
    const due = await run('crm');
    const [{ ends }] = (await rows<{ ends: string }>(
      `select max(expires_on)::text as ends from pack_crm.subscriptions ${acme}`,
    )) as [{ ends: string }];
    expect(await drafts()).toEqual([
      {
        contact_id: 'acme-corp',
        to_address: 'jane@acme-corp.example',
        subject: `Your Business plan ends on ${ends}`,
        task_id: due.id,
      },
    ]);
  });

  it('commerce: the five most critical are ordered, and next time what is critical then', async () => {
    const orderedBy = async ({ id }: Task) =>
      (
        await rows<{ sku: string; quantity: number }>(
          `select sku, quantity from pack_commerce.purchase_orders where task_id = '${id}' order by sku`,
        )
      ).map(({ sku, quantity }) => `${sku} × ${quantity}`);
    const others = () => rows('select * from pack_commerce.products order by sku');
    const before = await others();
    expect(await orderedBy(await run('commerce'))).toEqual([
      'EL-1003 × 80',
      'EL-1007 × 50',
      'EL-1010 × 60',
      'EL-1021 × 100',
      'EL-1025 × 24',
    ]);
    expect(await others()).toEqual(before);

    // EL-1015 is made again, EL-1022 has been counted anew; what was ordered is on its way.
    await client.query(`update pack_commerce.products set discontinued = false where sku = 'EL-1015'`);
    await client.query(`update pack_commerce.stock set on_hand = 90 where sku = 'EL-1022'`);
    expect(await orderedBy(await run('commerce'))).toEqual([
      'EL-1013 × 40',
      'EL-1015 × 70',
      'EL-1027 × 90',
      'EL-1029 × 2',
    ]);
  });

  it('devops: what fails is reported with its log, and what has recovered is not', async () => {
    const reportedBy = ({ id }: Task) =>
      rows<{ environment_id: string; severity: string; lines: number; log_excerpt: string }>(
        `select environment_id, severity, log_excerpt, array_length(string_to_array(rtrim(log_excerpt, E'\\n'), E'\\n'), 1) as lines
         from pack_devops.incidents where task_id = '${id}' order by environment_id`,
      );
    const [first, second, ...rest] = await reportedBy(await run('devops'));
    expect(first).toMatchObject({ environment_id: 'production-eu', severity: 'critical', lines: 50 });
    expect(first?.log_excerpt).toContain(`customer's order kept in the queue: "o-4412" $(not a command)`);
    expect(second).toMatchObject({ environment_id: 'staging', severity: 'high', lines: 12 });
    expect(rest).toEqual([]);

    await client.query(`update pack_devops.health_checks set checked_at = now(), passed = environment_id <> 'qa'
      where environment_id in ('production-eu', 'qa')`);
    await client.query(`update pack_devops.incidents set status = 'resolved'`);
    await client.query(`update pack_devops.health_checks set passed = true where environment_id = 'load-test'`);
    const again = (await reportedBy(await run('devops'))).map(({ environment_id }) => environment_id);
    expect(again).toEqual(['qa', 'staging']);
  });

  it('healthcare: the incomplete forms of today are flagged and counted, and no others', async () => {
    const flaggedBy = async ({ id }: Task) =>
      (
        await rows<{ form: string }>(
          `select batch_id || ' ' || position || ' ' || array_to_string(flags, ' ') as form
         from pack_healthcare.records where flagged_by_task = '${id}' order by batch_id, position`,
        )
      ).map(({ form }) => form);
    const summarisedBy = ({ id }: Task) =>
      rows(`select batch_id, records, complete, incomplete, unflagged
            from pack_healthcare.compliance_summaries where task_id = '${id}' order by batch_id`);
    const first = await run('healthcare');
    expect(await flaggedBy(first)).toEqual([
      'intake-harbor-1 2 missing:insuranceNumber',
      'intake-riverside-2 3 missing:phone',
      'intake-riverside-2 9 missing:consentSignedOn',
      'intake-riverside-2 14 missing:fullName',
      'intake-riverside-2 17 invalid:birthDate',
      'intake-riverside-2 21 invalid:insuranceNumber missing:reason',
      'intake-riverside-2 26 invalid:birthDate',
      'intake-riverside-2 33 invalid:consentSignedOn',
      'intake-riverside-2 38 invalid:phone',
      'intake-riverside-2 40 duplicate',
    ]);
    expect(await summarisedBy(first)).toEqual([
      { batch_id: 'intake-harbor-1', records: 12, complete: 11, incomplete: 1, unflagged: 0 },
      { batch_id: 'intake-riverside-2', records: 48, complete: 39, incomplete: 9, unflagged: 0 },
    ]);

    // Riverside's forms are made complete but for two; Harbor's batch turns out to be of yesterday.
    await client.query(`update pack_healthcare.records set flags = '{}', form = (
      select form from pack_healthcare.records where batch_id = 'intake-riverside-2' and position = 1)
      || jsonb_build_object('fullName', 'Patient ' || position)
      where batch_id = 'intake-riverside-2' and position not in (9, 17)`);
    await client.query(`update pack_healthcare.batches set uploaded_at = uploaded_at - interval '1 day'
      where id = 'intake-harbor-1'`);
    const second = await run('healthcare');
    expect(await flaggedBy(second)).toEqual([
      'intake-riverside-2 9 missing:consentSignedOn',
      'intake-riverside-2 17 invalid:birthDate',
    ]);
    expect(await summarisedBy(second)).toEqual([
      { batch_id: 'intake-riverside-2', records: 48, complete: 46, incomplete: 2, unflagged: 0 },
    ]);
  });
});

describe('what the shop task cannot reach', () => {
  it('prices and users, neither by the CLI nor past it', async () => {
    const state = () =>
      rows(`select sku as id, price_cents::text as value from pack_commerce.products
      union all select id::text, name from pack_commerce.users order by id`);
    const before = await state();
    const [{ id } = { id: '' }] = await rows<{ id: string }>('select id from pack_commerce.users limit 1');
    const api = '$SEED_API_URL/api/v1';
    const curl = `curl -s -o /dev/null -w '%{http_code}\\n' -H 'content-type: application/json'`;
    const task = await seed.runTask({
      instruction: bash(
        [
          'seed pricing set EL-1003 --price 0.01 || echo "exit $?"',
          `seed users remove ${id} || echo "exit $?"`,
          'seed users list || echo "exit $?"',
          `${curl} -X PUT -d '{"price":0.01}' ${api}/pricing/EL-1003`,
          `${curl} -X DELETE ${api}/users/${id}`,
          `${curl} ${api}/users`,
          'seed inventory check --limit 1 --json',
        ].join('\n'),
      ),
      scopes: ['inventory:read', 'purchase-orders:write'],
    });
    expect(task.status).toBe('completed');
    expect(task.stdout?.match(/exit \d+/g)).toEqual(['exit 2', 'exit 2', 'exit 2']);
    expect(task.stdout?.match(/^\d{3}$/gm)).toEqual(['403', '403', '403']);
    expect(task.stdout).toContain('"sku":"BO-1001"');
    expect(await state()).toEqual(before);
  });

  it('by asking for more than its caller has', async () => {
    const { secret } = await seed.newKey(['inventory:read', 'purchase-orders:write', 'tasks:*']);
    const task = await seed.runTask(
      {
        instruction: bash('seed pricing set EL-1003 --price 0.01'),
        scopes: ['pricing:write', 'inventory:read'],
      },
      secret,
    );
    expect(task.scopes).toMatchObject({ effective: ['inventory:read'], denied: ['pricing:write'] });
    expect(task.stdout).toContain('no command');
  });
});
