// What the tables of a pack say no to, as its callers hear it; and what their columns arrive as.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandText, type PackFolder, packFile, packFolder } from '../fixtures/pack-folder.ts';
import { type OpenPack, openPack } from '../pack.ts';

const MIGRATION = `
create type colour as enum ('red', 'dark green');
create domain short as text check (length(value) < 4);
create table customers (account_id uuid not null, id text not null, primary key (account_id, id));
create table orders (
  account_id uuid not null,
  id serial primary key,
  customer_id text not null,
  reference varchar(10),
  total numeric(10, 2) not null constraint orders_total check (total > 0),
  day date, at timestamp, moment timestamptz, span interval, big bigint, bytes bytea, form jsonb,
  colours colour[], shorts short[], totals numeric[], days date[], during daterange,
  constraint orders_customer foreign key (account_id, customer_id) references customers,
  constraint orders_reference unique (account_id, reference) deferrable initially deferred
);
create unique index orders_one_a_day on orders (account_id, customer_id, day);
comment on index orders_one_a_day is 'A customer can order once a day.';
alter table orders add constraint never_red check (not 'red' = any(colours));
comment on constraint never_red on orders is 'Nothing is red.';
create function refuse() returns trigger language plpgsql as $$
  begin raise exception 'The shop is closed on the %.', new.day using errcode = 'check_violation'; end $$;
create trigger closed before insert on orders for each row when (new.day = '2026-12-24') execute function refuse();
`;

const raw = (verb: string, fields: Record<string, string>) =>
  commandText({
    name: `'orders ${verb}'`,
    http: `'POST /orders/${verb}'`,
    effect: `'write'`,
    input: 'z.object({ text: z.string(), value: z.any().optional() })',
    output: 'z.object({ rows: z.array(z.any()) })',
    ...fields,
  });
const RUN = `const text = input.text.replaceAll('$me', account.id); const parts = text.split('?');
  const query = parts.length > 1 ? sql\`\${sql.raw(parts[0])}\${input.value}\${sql.raw(parts[1])}\` : sql.raw(text);`;

let folder: PackFolder;
let pack: OpenPack;
beforeAll(async () => {
  folder = await packFolder({
    'shop/pack.ts': packFile(
      'shop',
      raw('do', {
        run: `async (input, { db, account }) => { ${RUN} return { rows: (await query.execute(db)).rows }; }`,
      }),
      raw('send', {
        external: 'true',
        run: `async (input, { transaction, account }) => { ${RUN} return transaction(async (db) => ({ rows: (await query.execute(db)).rows })); }`,
      }),
    ),
    'shop/migrations/0001_shop.sql': MIGRATION,
  });
  pack = await openPack(new URL('shop/pack.ts', folder.settings.folder));
  await run(`insert into customers values ('$me', 'ada')`);
  await run(
    `insert into orders (account_id, customer_id, reference, total, day) values ('$me', 'ada', 'a', 1, '2026-01-01')`,
  );
});
afterAll(async () => {
  await pack?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});
const run = async (text: string, value?: unknown) => (await pack.call('orders do', { text, value })).rows;
const order = (columns: string, values: string) =>
  run(`insert into orders (account_id, ${columns}) values ('$me', ${values})`);

describe('a call that breaks', () => {
  it.each([
    [
      'a unique constraint',
      () => order('customer_id, total, reference', `'ada', 1, 'a'`),
      'conflict',
      'orders has a row with this reference already (orders_reference)',
    ],
    [
      'an index with a comment',
      () => order('customer_id, total, day', `'ada', 1, '2026-01-01'`),
      'conflict',
      'A customer can order once a day.',
    ],
    [
      'a foreign key',
      () => order('customer_id, total', `'eve', 1`),
      'conflict',
      'there is nothing that customer_id of orders could refer to (orders_customer)',
    ],
    [
      'one from the other side',
      () => run('delete from customers'),
      'conflict',
      'orders still refers to it (orders_customer)',
    ],
    [
      'a check',
      () => order('customer_id, total', `'ada', -1`),
      'invalid_input',
      'what was given breaks a rule of orders (orders_total)',
    ],
    [
      'a check with a comment',
      () => order('customer_id, total, colours', `'ada', 1, '{red}'`),
      'invalid_input',
      'Nothing is red.',
    ],
    [
      'a trigger',
      () => order('customer_id, total, day', `'ada', 1, '2026-12-24'`),
      'invalid_input',
      'The shop is closed on the 2026-12-24.',
    ],
    ['not null', () => order('customer_id', `'ada'`), 'invalid_input', 'orders needs a value for total'],
    [
      'a length',
      () => order('customer_id, total, reference', `'ada', 1, '12345678901'`),
      'invalid_input',
      'value too long for type character varying(10)',
    ],
    ['a precision', () => order('customer_id, total', `'ada', 1e9`), 'invalid_input', 'numeric field overflow'],
    [
      'a form',
      () => run('select ?::date as day', '2026-02-30'),
      'invalid_input',
      'date/time field value out of range: "2026-02-30"',
    ],
    ['a division', () => run('select 1 / 0'), 'invalid_input', 'division by zero'],
  ])('%s is told so, and nothing of the database', async (_, call, code, message) => {
    const error = await call().catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code, message, hint: 'Nothing was changed.' });
    const { stack: _stack, cause: _cause, ...shown } = error as Error;
    expect(JSON.stringify(shown)).not.toMatch(/insert into|pack_shop|[0-9a-f]{8}-[0-9a-f]{4}/);
    expect(await pack.sql('select from orders')).toHaveLength(1);
  });

  it('one after it may have done something elsewhere is internal: nobody may say that nothing was done', async () => {
    const text = `insert into orders (account_id, customer_id, total) values ('$me', 'eve', 1)`;
    await expect(pack.call('orders send', { text })).rejects.not.toHaveProperty('status');
  });
});

it.each([
  ['date', '2026-03-29'],
  ['numeric', '12345678901234567890.10'],
  ['bigint', '9007199254740993'],
  ['bigint', 42],
  ['timestamptz', new Date('2026-03-29T01:30:00.123Z')],
  ['timestamp', new Date('2026-03-29T02:30:00.123Z')],
  ['bytea', Buffer.from([0, 1, 255])],
  ['jsonb', { a: [1, null, 'x'] }],
  ['shop_colour', 'dark green'],
  ['pack_shop.colour[]', ['dark green', 'red']],
  ['pack_shop.short[]', ['a,b', null]],
  ['numeric[]', ['1.10', '2']],
  ['date[]', ['2026-01-01', null]],
  ['timestamp[]', [new Date('2026-03-29T02:30:00Z')]],
  ['uuid', '00000000-0000-4000-8000-000000000000'],
  ['time', '23:59:59.999999'],
  ['boolean[]', [true, false]],
  ['daterange', '[2026-01-01,2026-02-01)'],
])('a value of %s comes back as it was written: %j', async (type, value) => {
  const [row] = await run(`select ?::${type === 'shop_colour' ? 'colour' : type} as value`, value);
  expect(row.value).toEqual(value);
});
