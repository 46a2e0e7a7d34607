// What the playbook decides from what the commands print.
import { play } from 'seed/testing';
import { expect, it } from 'vitest';
import { reorder } from './reorder.ts';

const item = (sku: string, available: number, fields: object = {}) => ({
  sku,
  name: sku,
  discontinued: false,
  available,
  onOrder: 0,
  reorderThreshold: 10,
  reorderQuantity: 20,
  belowThreshold: available < 10,
  shortfall: Math.max(0, 10 - available),
  ...fields,
});

function ordered(items: object[], instruction = reorder.example): string[] {
  const { commands } = play(reorder, instruction, (command) =>
    command.startsWith('seed inventory check')
      ? { items, nextCursor: null }
      : { purchaseOrder: { id: '1', quantity: 20 } },
  );
  return commands.slice(1);
}

it.each([
  ['nothing below', [item('A', 10), item('B', 11)], []],
  ['the least share first', [item('A', 5), item('B', 1)], ['B --quantity 20', 'A --quantity 20']],
  [
    'at a like share the larger shortfall',
    [item('A', 0), item('B', 0, { reorderThreshold: 90, shortfall: 90 })],
    ['B --quantity 90', 'A --quantity 20'],
  ],
  ['nothing that is discontinued', [item('A', 0, { discontinued: true })], []],
  ['nothing that is on its way', [item('A', 0, { onOrder: 10 })], []],
  ['what too little of is on its way', [item('A', 0, { onOrder: 9 })], ['A --quantity 20']],
  ['the shortfall, without a quantity', [item('A', 3, { reorderQuantity: null })], ['A --quantity 7']],
])('orders %s', (_, items, expected) => {
  expect(ordered(items)).toEqual(expected.map((line) => `seed purchase-orders create ${line} --json`));
});

it('orders as many items as the instruction says', () => {
  const items = Array.from({ length: 9 }, (_, index) => item(`S-${index}`, index));
  expect(ordered(items)).toHaveLength(5);
  expect(ordered(items, reorder.example.replace('top 5', 'top 2'))).toHaveLength(2);
});
