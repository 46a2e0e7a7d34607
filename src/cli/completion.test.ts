import { expect, it } from 'vitest';
import type { Manifest, ManifestCommand } from '../protocol/manifest.ts';
import { candidates } from './completion.ts';
import type { LocalCommand } from './local-command.ts';

const command = (name: string, more: Partial<ManifestCommand> = {}): ManifestCommand => ({
  name,
  summary: '',
  http: { method: 'GET', path: '/x' },
  scope: null,
  effect: 'read',
  input: { type: 'object', properties: {} },
  positional: [],
  output: 'object',
  columns: [],
  examples: [],
  creates: false,
  follow: null,
  ...more,
});
const status = { type: 'string', enum: ['active', 'expired'] };
const properties = { id: { type: 'string' }, status, enabled: { type: 'boolean' } };
const manifest: Manifest = {
  version: '1',
  commands: [
    command('keys list', { input: { type: 'object', properties }, positional: ['id'] }),
    command('keys create'),
    command('tasks artifacts get'),
    command('whoami'),
  ],
};
const local = [
  { name: 'packs new', flags: [] },
  { name: 'snapshots build', flags: [{ name: '--driver <name>', summary: '' }] },
  { name: 'completion', positionals: ['shell'] },
] as unknown as LocalCommand[];

it.each([
  [['k'], ['keys']],
  [[''], ['completion', 'keys', 'packs', 'snapshots', 'tasks', 'whoami']],
  [[], ['completion', 'keys', 'packs', 'snapshots', 'tasks', 'whoami']],
  [['-'], ['--csv', '--help', '--json', '--quiet', '--url', '--version']],
  [
    ['keys', ''],
    ['create', 'list'],
  ],
  [['keys', 'l'], ['list']],
  [['tasks', 'artifacts', ''], ['get']],
  [['packs', ''], ['new']],
  [['keys', 'list', '--s'], ['--status']],
  [
    ['keys', 'list', '--'],
    ['--enabled', '--help', '--json', '--quiet', '--status'],
  ],
  [
    ['keys', 'list', '--status', ''],
    ['active', 'expired'],
  ],
  [['keys', 'list', '--status', 'e'], ['expired']],
  [
    ['keys', 'list', '--enabled', '--'],
    ['--enabled', '--help', '--json', '--quiet', '--status'],
  ],
  [['keys', 'list', ''], []],
  [['snapshots', 'build', '--d'], ['--driver']],
  [['completion', 'f'], ['fish']],
  [['nothing', ''], []],
])('%j can go on with %j', (words, expected) => {
  expect(candidates(words, manifest, local)).toEqual(expected);
});

it('knows its own commands where no server answers', () => {
  expect(candidates(['p'], null, local)).toEqual(['packs']);
  expect(candidates(['keys', ''], null, local)).toEqual([]);
});
