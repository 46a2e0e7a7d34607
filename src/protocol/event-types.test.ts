import { expect, test } from 'vitest';
import { BUILT_IN_EVENT_TYPES, createEventTypes, matchesType } from './event-types.ts';

test.each([
  ['task.completed', 'task.completed', true],
  ['task.*', 'task.completed', true],
  ['*', 'task.completed', true],
  ['crm.contact.*', 'crm.contact.created', true],
  ['crm.*', 'crm.contact.created', true],
  ['task.completed', 'task.failed', false],
  ['task.*', 'tasks.completed', false],
  ['task.*', 'task', false],
  ['key.*', 'task.completed', false],
])('%s matches %s: %s', (pattern, type, matches) => {
  expect(matchesType(pattern, type)).toBe(matches);
});

test('types are declared once, and packs can add theirs', () => {
  const crm = { name: 'crm.contact_created', summary: 'A contact was created' };
  const types = createEventTypes([...BUILT_IN_EVENT_TYPES, crm]);
  expect(() => types.refuseUndeclared('crm.contact_created')).not.toThrow();
  expect(() => types.refuseUndeclared('crm.nothing')).toThrow(/nobody has declared/);
  expect(() => types.refuseUnknown(['crm.*', '*', 'task.failed'])).not.toThrow();
  expect(() => types.refuseUnknown(['task.failed', 'tusk.*'])).toThrow(/tusk\.\*/);
  expect(() => createEventTypes([crm, crm])).toThrow(/two types/);
});
