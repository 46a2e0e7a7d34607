// The playbook of the monthly usage report: what each key called, used and cost in a month, as CSV.
import { z } from 'zod';
import { Key } from '../../../protocol/key.ts';
import { CostReport, RequestReport } from '../../../protocol/obs.ts';
import { askedMonth } from './asked-time.ts';
import { reasonOf } from './command-output.ts';
import { monthlyUsageCsv } from './monthly-usage-csv.ts';
import type { Playbook, Steps } from './playbook.ts';
import { readPages } from './read-pages.ts';
import { readReport } from './saved-report.ts';

const MONTH = /^20\d\d-(?:0[1-9]|1[0-2])$/;
const PRESENT_MONTH = 'date -u +%Y-%m';
const LAST_MONTH = 'date -u -d "$(date -u +%Y-%m-01) -1 day" +%Y-%m';

const Called = {
  group: RequestReport.shape.items.element.pick({ group: true, name: true, requests: true }),
  totals: z.object({ requests: z.int() }),
};
const costMeasures = { total: true, modelCalls: true, inputTokens: true, outputTokens: true } as const;
const costTotals = { ...costMeasures, unpriced: true } as const;
const Spent = {
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
  const requests = yield* readReport('requests', flags, Called);
  if ('trouble' in requests) return `Could not read what was called: ${requests.trouble}.`;
  const costs = yield* readReport('costs', flags, Spent);
  if ('trouble' in costs) return `Could not read what it cost: ${costs.trouble}.`;
  // Consumers that did nothing are consumers as well.
  const active = yield* readPages('seed keys list --status active', Key.pick({ id: true, name: true }));
  return monthlyUsageCsv({ month: asked.month, requests, costs, active });
}

function recognises(instruction: string): boolean {
  const text = instruction.toLowerCase();
  return (
    /\bmonth(?:ly)?\b/.test(text) &&
    /\b(?:usage|costs?|billing)\b/.test(text) &&
    /\b(?:report|csv)\b/.test(text)
  );
}

export const monthlyUsage: Playbook = {
  name: 'monthly-usage',
  example:
    'Generate a monthly usage report for all API consumers. Calculate per-consumer costs based on their token usage and output a CSV summary.',
  recognises,
  play,
};
