// The playbook of the monthly usage report: what each key called, used and cost in a month, as CSV.
import {
  CostReport,
  counted,
  csvLine,
  Key,
  type Playbook,
  plain,
  RequestReport,
  readPages,
  reasonOf,
  type Steps,
  z,
} from 'seed/pack';
import { askedMonth } from './asked-time.ts';
import { readReport } from './read-report.ts';

const MONTH = /^20\d\d-(?:0[1-9]|1[0-2])$/;
const PRESENT_MONTH = 'date -u +%Y-%m';
const LAST_MONTH = 'date -u -d "$(date -u +%Y-%m-01) -1 day" +%Y-%m';

const CalledReport = {
  group: RequestReport.shape.items.element.pick({ group: true, name: true, requests: true }),
  totals: z.object({ requests: z.int() }),
};
const costMeasures = { total: true, modelCalls: true, inputTokens: true, outputTokens: true } as const;
const costTotals = { ...costMeasures, unpriced: true } as const;
const SpentReport = {
  group: CostReport.shape.items.element.pick({ group: true, name: true, ...costMeasures }),
  totals: CostReport.shape.totals.pick(costTotals),
};

function* readMonth(instruction: string): Steps<{ month: string } | { trouble: string }> {
  const asked = askedMonth(instruction);
  if (typeof asked === 'object') return asked;
  const result = yield asked === 'last' ? LAST_MONTH : PRESENT_MONTH;
  const month = result.output.trim();
  if (result.failed || !MONTH.test(month)) return { trouble: reasonOf(result) };
  return { month };
}

function* play(instruction: string): Steps<string> {
  const asked = yield* readMonth(instruction);
  if ('trouble' in asked) return `Could not find out which month it is: ${asked.trouble}.`;
  const flags = `--by key --month ${asked.month}`;
  const requests = yield* readReport('requests', flags, CalledReport);
  if ('trouble' in requests) return `Could not read what was called: ${requests.trouble}.`;
  const costs = yield* readReport('costs', flags, SpentReport);
  if ('trouble' in costs) return `Could not read what it cost: ${costs.trouble}.`;
  // Consumers that did nothing are consumers as well.
  const active = yield* readPages('seed keys list --status active', Key.pick({ id: true, name: true }));
  return monthlyUsageCsv({ month: asked.month, requests, costs, active });
}

function recognises(instruction: string): boolean {
  const text = instruction.toLowerCase();
  return (
    /\bmonth(?:ly)?\b/.test(text) && /\b(?:usage|costs?|billing)\b/.test(text) && /\b(?:report|csv)\b/.test(text)
  );
}

export const monthlyUsage: Playbook = {
  name: 'monthly-usage',
  example:
    'Generate a monthly usage report for all API consumers. Calculate per-consumer costs based on their token usage and output a CSV summary.',
  recognises,
  play,
};

// The monthly usage report as CSV: a line for each consumer, what is beyond them, and the total, which is always
// that of all. Every figure comes from what the commands returned.
interface Spent {
  total: number;
  modelCalls: number;
  inputTokens: number;
  outputTokens: number;
}

interface Report<Group, Totals> {
  items: (Group & { group: string; name?: string | undefined })[];
  totals: Totals;
  cut: number;
  missingBefore: string | null;
}

export interface MonthlyUsage {
  month: string;
  requests: Report<{ requests: number }, { requests: number }>;
  costs: Report<Spent, Spent & { unpriced: number }>;
  /** The keys that work, or why they are not known. */
  active: { items: { id: string; name: string }[] } | { trouble: string };
}

const HEADER = ['month', 'key', 'id', 'requests', 'input_tokens', 'output_tokens', 'model_calls', 'cost_usd'];
/** Keys that did nothing; more are counted only. */
const IDLE_MOST = 500;
const NO_COST: Spent = { total: 0, modelCalls: 0, inputTokens: 0, outputTokens: 0 };
const ZERO = { requests: 0, costs: NO_COST };

interface Figures {
  /** Null: not known for this key, which is beyond those that the report gives. */
  requests: number | null;
  costs: Spent | null;
}

const UNKNOWN: Figures = { requests: null, costs: null };

/** The dearest first, then those that called most, then those that did nothing. */
export function monthlyUsageCsv({ month, requests, costs, active }: MonthlyUsage): string {
  const called = new Map(requests.items.map((item) => [item.group, item]));
  const spent = new Map(costs.items.map((item) => [item.group, item]));
  const line = (key: string, id: string | null, { requests: calls, costs: sums }: Figures) =>
    csvLine([
      month,
      plain(key),
      id,
      calls,
      sums?.inputTokens ?? null,
      sums?.outputTokens ?? null,
      sums?.modelCalls ?? null,
      sums?.total ?? null,
    ]);
  const consumers = new Map([...costs.items, ...requests.items].map(({ group, name }) => [group, name ?? group]));
  const lines = [...consumers].map(([id, name]) =>
    line(name, id, {
      requests: called.get(id)?.requests ?? (requests.cut > 0 ? null : 0),
      costs: spent.get(id) ?? (costs.cut > 0 ? null : NO_COST),
    }),
  );
  const idle = 'items' in active ? active.items.filter(({ id }) => !consumers.has(id)) : [];
  // Beyond what the reports give, a key that is not in them may have done something.
  const isWhole = requests.cut + costs.cut === 0;
  if (isWhole) lines.push(...idle.slice(0, IDLE_MOST).map(({ id, name }) => line(name, id, ZERO)));
  const notes: string[] = [];
  const note = (text: string, figures: Figures = UNKNOWN) => notes.push(line(`(${text})`, null, figures));
  if (!isWhole) note('other keys', rest(requests, costs));
  else if (idle.length > IDLE_MOST) note(`${counted(idle.length - IDLE_MOST, 'more key')} without usage`, ZERO);
  if ('trouble' in active) note(`keys without usage are not listed: ${active.trouble}`);
  const { unpriced } = costs.totals;
  if (unpriced > 0) note(`${counted(unpriced, 'model call')} of unknown price count as nothing`);
  if (costs.missingBefore !== null) note(`rows before ${costs.missingBefore} may be deleted already`);
  const total = line('total', null, { requests: requests.totals.requests, costs: costs.totals });
  return [csvLine(HEADER), ...lines, ...notes, total].join('').trimEnd();
}

/** What all groups come to without those that are given. Dollars are subtracted as whole billionths. */
function rest(requests: MonthlyUsage['requests'], costs: MonthlyUsage['costs']): Figures {
  const beyond = (total: number, given: readonly number[]) => given.reduce((left, one) => left - one, total);
  const ofCosts = (name: 'modelCalls' | 'inputTokens' | 'outputTokens') =>
    beyond(
      costs.totals[name],
      costs.items.map((item) => item[name]),
    );
  const nano = (dollars: number) => Math.round(dollars * 1e9);
  return {
    requests: beyond(
      requests.totals.requests,
      requests.items.map((item) => item.requests),
    ),
    costs: {
      total:
        beyond(
          nano(costs.totals.total),
          costs.items.map(({ total }) => nano(total)),
        ) / 1e9,
      modelCalls: ofCosts('modelCalls'),
      inputTokens: ofCosts('inputTokens'),
      outputTokens: ofCosts('outputTokens'),
    },
  };
}
