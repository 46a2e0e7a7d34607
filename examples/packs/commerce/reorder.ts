// "Check inventory levels for all products in the '…' category. Flag anything below reorder threshold and create
// purchase orders for the top … most critical items.": the playbook of the model `scripted`.
import { type Playbook, parseOutput, plain, readPages, reasonOf, type Steps, shellWord, z } from 'seed/pack';

const StockItem = z.object({
  sku: z.string().regex(/^[\w-]+$/),
  name: z.string(),
  discontinued: z.boolean(),
  available: z.number(),
  onOrder: z.number(),
  reorderThreshold: z.number().nullable(),
  reorderQuantity: z.number().nullable(),
  belowThreshold: z.boolean(),
  shortfall: z.number(),
});
type StockItem = z.infer<typeof StockItem>;
const Created = z.object({ purchaseOrder: z.object({ id: z.string(), quantity: z.number() }) });

interface Wish {
  category: string;
  most: number;
}

function wishOf(instruction: string): Wish | null {
  const [, category] = /\bproducts in the ['"“‘]([\w &-]{1,60})['"”’] category\b/i.exec(instruction) ?? [];
  const [, most] = /\bpurchase orders? for the top (\d{1,2}) most critical\b/i.exec(instruction) ?? [];
  const refused = /\b(?:not|never|without|n['’]t)\b[^.!?]{0,30}\b(?:order|create)/i.test(instruction);
  return category === undefined || most === undefined || refused ? null : { category, most: Number(most) };
}

/** What is left of it, as a share of what there should be: the less, the more critical. */
const shareLeft = (item: StockItem) => item.available / Math.max(1, item.reorderThreshold ?? 1);

function byUrgency(one: StockItem, other: StockItem): number {
  return shareLeft(one) - shareLeft(other) || other.shortfall - one.shortfall || one.sku.localeCompare(other.sku);
}

function whyNotOrdered(item: StockItem): string | null {
  if (item.discontinued) return 'discontinued';
  return item.onOrder >= item.shortfall ? `${item.onOrder} on order already` : null;
}

function* play(instruction: string): Steps<string> {
  const wish = wishOf(instruction);
  if (wish === null) return 'This is no instruction about reordering.';
  const { category, most } = wish;
  const stock = yield* readPages(`seed inventory check --category ${shellWord(category)}`, StockItem);
  if ('trouble' in stock) return `Could not check the inventory: ${stock.trouble}. Nothing was ordered.`;
  if (stock.items.length === 0) return `There are no products in the category "${category}".`;

  const below = stock.items.filter((item) => item.belowThreshold).sort(byUrgency);
  const sentences = [
    `Checked ${stock.items.length} products in ${category}: ${below.length} below their reorder threshold.`,
    ...(below.length > 0 ? [`Flagged: ${below.map(describe).join(', ')}.`] : []),
  ];
  const wanted = below.filter((item) => whyNotOrdered(item) === null).slice(0, most);
  const ordered: string[] = [];
  for (const item of wanted) {
    const missing = item.shortfall - item.onOrder;
    const quantity = Math.max(missing, item.reorderQuantity ?? missing);
    const result = yield `seed purchase-orders create ${item.sku} --quantity ${quantity} --json`;
    const created = result.failed ? null : parseOutput(Created, result);
    if (created) ordered.push(`${item.sku} × ${created.purchaseOrder.quantity}`);
    else sentences.push(`Could not order ${item.sku}: ${reasonOf(result)}.`);
  }
  sentences.push(
    ordered.length > 0
      ? `Created ${ordered.length} purchase ${ordered.length === 1 ? 'order' : 'orders'}: ${ordered.join(', ')}.`
      : 'Created no purchase orders.',
  );
  const skipped = below.flatMap((item) => {
    const why = whyNotOrdered(item);
    return why === null ? [] : [`${item.sku} (${why})`];
  });
  if (skipped.length > 0) sentences.push(`Not ordered: ${skipped.join(', ')}.`);
  const unset = stock.items.filter((item) => item.reorderThreshold === null);
  if (unset.length > 0) sentences.push(`Without a threshold: ${unset.map(({ sku }) => sku).join(', ')}.`);
  return sentences.join(' ');
}

const describe = (item: StockItem) =>
  `${item.sku} ${plain(item.name)} (${item.available} of ${item.reorderThreshold})`;

export const reorder: Playbook = {
  name: 'reorder',
  example:
    "Check inventory levels for all products in the 'electronics' category. Flag anything below reorder threshold and create purchase orders for the top 5 most critical items.",
  recognises: (instruction) => wishOf(instruction) !== null,
  play,
};
