// Whether purchase orders are those of the most critical products. "Most critical" can be read in several ways, and
// each of them is right.
import { must } from '../checks.ts';
import { changesOf } from '../tables.ts';
import type { Evidence, Problems } from '../task.ts';
import type { Row } from '../world.ts';

const WANTED = 5;

interface Item {
  sku: string;
  available: number;
  threshold: number;
  onOrder: number;
}

export function checkOrders(evidence: Evidence): Problems {
  const { added = [] } = changesOf(evidence)['commerce.purchase_orders'] ?? {};
  const ordered = added.map(({ sku }) => String(sku));
  const low = lowStock(evidence);
  const right = new Set(READINGS.flatMap((reading) => topOf(low, reading)));
  const wrong = ordered.filter((sku) => !right.has(sku));
  return [
    ...must(ordered.length === WANTED, `${ordered.length} purchase orders were created, not ${WANTED}`),
    ...must(new Set(ordered).size === ordered.length, `ordered twice: ${ordered.join(', ')}`),
    ...must(wrong.length === 0, `not among the most critical: ${wrong.join(', ')}`),
  ];
}

/** The smaller, the more critical. */
const READINGS: readonly ((item: Item) => number)[] = [
  ({ available, threshold }) => available / Math.max(1, threshold),
  ({ available, threshold }) => available - threshold,
  ({ available, threshold, onOrder }) => available + onOrder - threshold,
  ({ available }) => available,
];

/** Those that are as critical as the last of them are among them. */
function topOf(items: readonly Item[], reading: (item: Item) => number): string[] {
  const limit = items.map(reading).toSorted((one, other) => one - other)[WANTED - 1] ?? Number.POSITIVE_INFINITY;
  return items.filter((item) => reading(item) <= limit).map(({ sku }) => sku);
}

/** Electronics below their threshold that can be ordered and of which not enough is on its way. */
function lowStock({ before }: Evidence): Item[] {
  const sum = (rows: readonly Row[], of: (row: Row) => number) => rows.reduce((all, row) => all + of(row), 0);
  return (before['commerce.products'] ?? []).flatMap((product) => {
    const ofIt = (table: string) => (before[table] ?? []).filter(({ sku }) => sku === product['sku']);
    const available = sum(ofIt('commerce.stock'), (row) => Number(row['on_hand']) - Number(row['reserved']));
    const open = ofIt('commerce.purchase_orders').filter(({ status }) => status === 'open');
    const onOrder = sum(open, ({ quantity }) => Number(quantity));
    const { sku, category, reorder_threshold: threshold, discontinued } = product;
    if (String(category).toLowerCase() !== 'electronics' || discontinued || threshold === null) return [];
    if (available >= Number(threshold) || available + onOrder >= Number(threshold)) return [];
    return [{ sku: String(sku), available, threshold: Number(threshold), onOrder }];
  });
}
