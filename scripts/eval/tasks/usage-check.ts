// Whether a CSV of the month's usage has every consumer with its cost.
import { must } from '../checks.ts';
import type { Evidence, Problems } from '../task.ts';

/** The key that posts the task is one more, whose cost grows while the report is made. */
export const CONSUMERS = [
  { name: 'storefront', inputTokens: 120_000, outputTokens: 8_000, dollars: 1.25 },
  { name: 'billing service', inputTokens: 40_000, outputTokens: 2_500, dollars: 0.375 },
  { name: 'night batch', inputTokens: 900_000, outputTokens: 61_000, dollars: 9.5 },
] as const;

/** In the answer, or in a file that it left. */
export function checkUsage({ task, artifacts, before }: Evidence): Problems {
  const texts = [task.stdout ?? '', ...artifacts.map(({ text }) => text)];
  const problems = texts.map((text) => checkCsv(text, before['keys'] ?? []));
  return problems.toSorted((one, other) => one.length - other.length)[0] ?? [];
}

/** A line with commas for each, that names the key and holds what it cost to the cent. */
function checkCsv(text: string, keys: Evidence['before'][string]): Problems {
  const lines = text.split(/\r?\n/).filter((line) => line.includes(','));
  return CONSUMERS.flatMap(({ name, dollars }) => {
    const id = String(keys.find((key) => key['name'] === name)?.['id']);
    const own = lines.filter((line) => line.includes(name) || line.includes(id));
    const costs = own.flatMap((line) =>
      line.split(',').map((cell) => Number(cell.replace(/["$\s]/g, '') || Number.NaN)),
    );
    if (own.length === 0) return [`the CSV has no line of "${name}"`];
    return must(
      costs.some((cost) => Math.abs(cost - dollars) < 0.005),
      `the CSV does not say that "${name}" cost ${dollars}`,
    );
  });
}
