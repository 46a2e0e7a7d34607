// Whole answers, cut into parts at random places and mixed in random ways.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { call, read } from '../../../../test/fixtures/read-calls.ts';

describe('calls that are cut and mixed at random come out equal', () => {
  const value = fc.dictionary(
    fc.string({ maxLength: 8 }),
    fc.jsonValue({ maxDepth: 2 }).map((json) => JSON.parse(JSON.stringify(json)) as unknown),
    {
      minKeys: 1,
      maxKeys: 3,
    },
  );
  const some = fc.uniqueArray(fc.record({ name: fc.constantFrom('bash', 'read', 'other'), value }), {
    minLength: 1,
    maxLength: 4,
    selector: (each) => JSON.stringify(each.value),
  });
  const cuts = fc.array(fc.nat(400), { maxLength: 12 });

  const partsOf = (text: string, places: readonly number[]) => {
    const at = [...new Set(places.map((place) => place % (text.length + 1)))].sort((a, b) => a - b);
    return [0, ...at].map((from, index) => text.slice(from, at[index] ?? text.length));
  };

  test('interleaved by index, in any of the ways to tell the parts apart', () => {
    const way = fc.record({
      repeatId: fc.boolean(),
      repeatName: fc.boolean(),
      noIds: fc.boolean(),
      asText: fc.boolean(),
    });
    fc.assert(
      fc.property(some, cuts, fc.array(fc.nat(3), { maxLength: 60 }), way, (wanted, places, order, how) => {
        const queues = wanted.map(({ name, value: args }, number) =>
          partsOf(JSON.stringify(args), places).map((part, at) => ({
            index: how.asText ? String(number) : number,
            ...((at === 0 || how.repeatId) && !how.noIds && { id: `call_${number}` }),
            function: { ...((at === 0 || how.repeatName) && { name }), arguments: part },
          })),
        );
        const events: object[] = [];
        const next = (queue: object[] | undefined) => {
          const part = queue?.shift();
          if (part) events.push(call(part));
        };
        // Each begins in its turn; then they come in any order.
        for (const queue of queues) next(queue);
        for (const pick of order) next(queues[pick % queues.length]);
        for (const queue of queues) while (queue.length > 0) next(queue);
        expect(read(...events)).toEqual(wanted.map(({ name, value: args }) => [name, args]));
      }),
      { numRuns: 300 },
    );
  });

  test('one after the other, without an index or all at one, with or without ids', () => {
    const way = fc.record({ index: fc.constantFrom(undefined, 0), ids: fc.boolean(), repeatId: fc.boolean() });
    fc.assert(
      fc.property(some, cuts, way, (wanted, places, how) => {
        const events = wanted.flatMap(({ name, value: args }, number) =>
          partsOf(JSON.stringify(args), places).map((part, at) =>
            call({
              index: how.index,
              ...(how.ids && (at === 0 || how.repeatId) && { id: `call_${number}` }),
              function: { ...(at === 0 && { name }), arguments: part },
            }),
          ),
        );
        expect(read(...events)).toEqual(wanted.map(({ name, value: args }) => [name, args]));
      }),
      { numRuns: 300 },
    );
  });
});
