import { csvObjects, nextStep } from 'seed/testing';
import { describe, expect, it } from 'vitest';
import { type MonthlyUsage, monthlyUsage, monthlyUsageCsv } from './monthly-usage.ts';
import { playbooks } from './playbooks.ts';

const spent = (total: number, modelCalls: number) => ({
  total,
  modelCalls,
  inputTokens: modelCalls * 10,
  outputTokens: 1,
});
const whole = { cut: 0, missingBefore: null };
const usage: MonthlyUsage = {
  month: '2026-11',
  requests: {
    ...whole,
    items: [
      { group: 'a', name: 'shop', requests: 7 },
      { group: 'b', name: 'nightly', requests: 2 },
    ],
    totals: { requests: 9 },
  },
  costs: {
    ...whole,
    items: [{ group: 'b', name: 'nightly', ...spent(1e-9, 3) }],
    totals: { ...spent(1e-9, 3), unpriced: 0 },
  },
  active: {
    items: [
      { id: 'a', name: 'shop' },
      { id: 'c', name: '=idle' },
    ],
  },
};

describe('the CSV', () => {
  it('has the dearest first, then who only called, then who did nothing, and the total', () => {
    expect(monthlyUsageCsv(usage)).toBe(
      [
        'month,key,id,requests,input_tokens,output_tokens,model_calls,cost_usd',
        '2026-11,nightly,b,2,30,1,3,0.000000001',
        '2026-11,shop,a,7,0,0,0,0',
        "2026-11,'=idle,c,0,0,0,0,0",
        '2026-11,total,,9,30,1,3,0.000000001',
      ].join('\n'),
    );
  });

  it('sums up what lies beyond the groups of a report, and leaves open what is not known of a key', () => {
    const rows = csvObjects(
      monthlyUsageCsv({
        ...usage,
        requests: { ...usage.requests, cut: 2, totals: { requests: 100 } },
        costs: { ...usage.costs, cut: 1, totals: { ...spent(0.3, 5), unpriced: 0 } },
      }),
    );
    expect(rows.map(({ key, requests, cost_usd }) => [key, requests, cost_usd])).toEqual([
      ['nightly', '2', '0.000000001'],
      ['shop', '7', ''],
      ['(other keys)', '91', '0.299999999'],
      ['total', '100', '0.3'],
    ]);
  });

  it('says what is missing', () => {
    const rows = csvObjects(
      monthlyUsageCsv({
        ...usage,
        active: { trouble: 'no scope' },
        costs: {
          ...usage.costs,
          missingBefore: '2026-11-05T00:00:00.000Z',
          totals: { ...usage.costs.totals, unpriced: 2 },
        },
      }),
    );
    expect(rows.map(({ key }) => key).slice(2)).toEqual([
      '(keys without usage are not listed: no scope)',
      '(2 model calls of unknown price count as nothing)',
      '(rows before 2026-11-05T00:00:00.000Z may be deleted already)',
      'total',
    ]);
  });

  it('counts idle keys beyond 500', () => {
    const keys = Array.from({ length: 600 }, (_, n) => ({ id: `k${n}`, name: `key ${n}` }));
    const rows = csvObjects(monthlyUsageCsv({ ...usage, active: { items: keys } }));
    expect(rows.filter(({ id }) => id?.startsWith('k'))).toHaveLength(500);
    expect(rows.at(-2)?.['key']).toBe('(100 more keys without usage)');
  });
});

it('takes the month from the instruction or from the clock of the sandbox, and reads reports in parts', () => {
  const commandsOf = (instruction: string, ...outputs: string[]) =>
    outputs.map((_, n) => {
      const tools = outputs.slice(0, n).map((content) => ({ role: 'tool', content }));
      const step = nextStep([{ role: 'user', content: instruction }, ...tools], playbooks);
      return step.kind === 'bash' ? step.command : step.text;
    });
  const head = JSON.stringify({ items: 51, totals: { requests: 51 }, cut: 0, missingBefore: null });
  const part = (count: number) =>
    JSON.stringify({ items: Array.from({ length: count }, (_, n) => ({ group: `k${n}`, requests: 1 })) });
  expect(commandsOf(monthlyUsage.example, '2026-11\n', head, part(50), part(1), '')).toEqual([
    'date -u +%Y-%m',
    "seed obs requests --by key --month 2026-11 --json > requests.json && jq -c '.items |= length' requests.json",
    "jq -c '{items: .items[0:50]}' requests.json",
    "jq -c '{items: .items[50:100]}' requests.json",
    "seed obs costs --by key --month 2026-11 --json > costs.json && jq -c '.items |= length' costs.json",
  ]);
  const [first] = commandsOf(`${monthlyUsage.example} For March 2025.`, '');
  expect(first).toContain('--month 2025-03');
  expect(commandsOf(`${monthlyUsage.example} For last month.`, '', '')[0]).toMatch(/^date .*-1 day/);
  expect(commandsOf(monthlyUsage.example, '; rm -rf /', '').at(-1)).toMatch(/^Could not find out which month/);
  expect(commandsOf(monthlyUsage.example, '2026-11', 'hello', '').at(-1)).toMatch(/is not such a report\.$/);
});

it.each([
  [monthlyUsage.example, true],
  ['A CSV with the costs of each key this month, please', true],
  ['A monthly newsletter about usage of our office', false],
  ['How much did we spend?', false],
])('recognises %j: %s', (instruction, recognised) => {
  expect(monthlyUsage.recognises(instruction)).toBe(recognised);
});
