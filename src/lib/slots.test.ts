import { expect, test } from 'vitest';
import { createSlots } from './slots.ts';

const { signal } = new AbortController();

test('calls beyond the count wait in order, and a slot given back twice counts once', async () => {
  const slots = createSlots(2);
  const [first, second] = [await slots.enter(signal), await slots.enter(signal)];
  const order: string[] = [];
  const third = slots.enter(signal).then((leave) => [order.push('third'), leave] as const);
  const fourth = slots.enter(signal).then((leave) => [order.push('fourth'), leave] as const);
  first();
  first();
  const [, leaveThird] = await third;
  expect(order).toEqual(['third']);
  leaveThird();
  await fourth;
  expect(order).toEqual(['third', 'fourth']);
  second();
});

test('who gives up waiting takes no slot', async () => {
  const slots = createSlots(1);
  const leave = await slots.enter(signal);
  const gone = new AbortController();
  const late = slots.enter(gone.signal);
  gone.abort(new Error('gone'));
  await expect(late).rejects.toThrow('gone');
  leave();
  (await slots.enter(signal))();
  await expect(slots.enter(gone.signal)).rejects.toThrow('gone');
});

test('heavier ones wait for as many slots, and nobody overtakes them', async () => {
  const slots = createSlots(10);
  const first = await slots.enter(signal, 6);
  const order: string[] = [];
  const heavy = slots.enter(signal, 8).then((leave) => [order.push('heavy'), leave] as const);
  const gone = new AbortController();
  const impatient = slots.enter(gone.signal, 9);
  const light = slots.enter(signal, 2).then((leave) => [order.push('light'), leave] as const);
  await Promise.resolve();
  expect(order).toEqual([]);
  first();
  const [, leaveHeavy] = await heavy;
  gone.abort(new Error('gone'));
  await expect(impatient).rejects.toThrow('gone');
  await light;
  expect(order).toEqual(['heavy', 'light']);
  leaveHeavy();
});
