import { expect, it } from 'vitest';
import { nameInputs, type Taken } from './input-names.ts';

const input = (name: string, where: Taken['place']['in'] = 'query'): Taken => ({
  place: { in: where, name },
  schema: { type: 'string' },
  required: false,
});

it('makes words of signs and other scripts, with the platform’s own name in the help', () => {
  const { properties, places } = nameInputs(
    ['DateSent', 'DateSent<', 'DateSent>', 'Größe', '@'].map((name) => input(name)),
  );
  expect(Object.keys(properties)).toEqual([
    'DateSent',
    'dateSentLessThan',
    'dateSentGreaterThan',
    'grosse',
    'query',
  ]);
  expect(places['dateSentLessThan']).toEqual({ in: 'query', name: 'DateSent<' });
  expect(properties['dateSentLessThan']?.description).toBe('the platform\'s "DateSent<"');
  expect(properties['DateSent']?.description).toBeUndefined();
});

it('keeps within 64 characters, each apart', () => {
  const long = 'a_very_long_name_'.repeat(8);
  const names = Object.keys(nameInputs([input(`${long}1`), input(`${long}2`)]).properties);
  expect(new Set(names).size).toBe(2);
  expect(names.every((name) => /^[A-Za-z]\w{0,63}$/.test(name))).toBe(true);
});

it('keeps the names that an earlier import gave', () => {
  const before = nameInputs([input('id', 'body')]);
  const now = nameInputs([input('id', 'path'), input('id', 'body')], { before });
  expect(now.places).toEqual({ id: { in: 'body' }, pathId: { in: 'path', name: 'id' } });
});
