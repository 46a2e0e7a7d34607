import { expect, test } from 'vitest';
import { manifestCommand } from '../../test/fixtures/manifest-command.ts';
import { SeedError } from '../protocol/errors.ts';
import type { ManifestCommand } from '../protocol/manifest.ts';
import { withWayToIds } from './way-to-ids.ts';

const get = manifestCommand('keys get', { positional: ['id'] });
const search = { type: 'object', properties: { search: { type: 'string' } } };

function hintFor(error: SeedError, ...others: ManifestCommand[]): string | null {
  const manifest = { version: '', commands: [get, ...others] };
  return withWayToIds(error, manifest, { command: get, input: { id: 'the ci key' } }).hint;
}

test('a thing that is not there is to be found in the list of its kind, by its name where that can be', () => {
  const error = new SeedError('not_found', 'There is no such key.', { hint: 'Ids are whole.' });
  const list = manifestCommand('keys list', { output: 'list', input: search });
  expect(hintFor(error, list)).toBe("Ids are whole. To find it by name: seed keys list --search 'the ci key'");
  expect(hintFor(error, { ...list, input: {} })).toBe('Ids are whole. To find it by name: seed keys list');
});

test('other errors, and kinds without a list, are told as they are', () => {
  const list = manifestCommand('keys list', { output: 'list' });
  expect(hintFor(new SeedError('missing_scope', 'no'), list)).toBeNull();
  expect(hintFor(new SeedError('not_found', 'no'), manifestCommand('tasks list', { output: 'list' }))).toBeNull();
  expect(hintFor(new SeedError('not_found', 'no'), { ...list, positional: ['account'] })).toBeNull();
});
