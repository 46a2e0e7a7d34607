// A broken pack stops the start with the file and the reason.
import { describe, expect, it } from 'vitest';
import { commandText, packFile, packFolder } from '../../../test/fixtures/pack-folder.ts';
import { BUILT_IN } from '../built-in.ts';
import { clashesOfPacks, loadPacks } from './load-packs.ts';

async function load(files: Record<string, string>, only: readonly string[] | null = null) {
  await using folder = await packFolder(files, only);
  return await loadPacks(folder.settings, BUILT_IN);
}

const command = (fields: Record<string, string>) => ({
  'notes/pack.ts': packFile('notes', commandText(fields)),
});
const exported = (text: string) => ({ 'notes/pack.ts': `export const pack = ${text};` });

describe('a broken pack', () => {
  it.each<[string, Record<string, string>, RegExp]>([
    ['without pack.ts', { 'notes/other.ts': '' }, /there is no such file/],
    ['that is no TypeScript', { 'notes/pack.ts': 'export const pack = {{;' }, /cannot be loaded/],
    ['that imports what is not there', { 'notes/pack.ts': `import './gone.ts';` }, /cannot be loaded: .*gone\.ts/],
    ['that throws', { 'notes/pack.ts': `throw new Error('no luck');` }, /no luck/],
    ['that exports nothing', { 'notes/pack.ts': 'export const other = 1;' }, /exports no "pack"/],
    ['whose pack is a number', exported('7'), /the pack's .*object/],
    ['without commands', exported(`{ name: 'notes', title: 'Notes', commands: [] }`), /commands is empty/],
    [
      'with another name than its folder',
      { 'notes/pack.ts': packFile('memos', commandText()) },
      /"memos".*"notes"/,
    ],
    ['with a name in capitals', exported(`{ name: 'Notes', title: 'Notes', commands: [1] }`), /name .*lower-case/],
    [
      'whose command is text',
      exported(`{ name: 'notes', title: 'Notes', commands: ['x'] }`),
      /command without a name/,
    ],
    ['whose command has no verb', command({ name: `'notes'` }), /"notes": name .*noun and verb/],
    ['whose summary has two lines', command({ summary: `'a\\nb'` }), /"notes list": summary is one line/],
    ['with a path of no method', command({ http: `'/notes'` }), /http .*method and path/],
    ['with a path that begins with an input', command({ http: `'GET /{id}'` }), /http .*method and path/],
    ['whose path names what the input lacks', command({ http: `'GET /notes/{id}'` }), /\{id\} stands in its path/],
    ['with a wildcard as scope', command({ scope: `'notes:*'` }), /scope .*concrete/],
    ['without a scope', command({ scope: 'undefined' }), /"notes list": scope/],
    ['with an effect of its own', command({ effect: `'harmless'` }), /effect/],
    ['whose GET writes', command({ effect: `'write'` }), /a GET has the effect read/],
    ['whose input is no object', command({ input: 'z.string()' }), /input is not a z\.object/],
    ['whose output is no object', command({ output: 'z.array(z.string())' }), /output is not a z\.object/],
    ['with a schedule that never comes', command({ schedule: `'0 0 30 2 *'` }), /schedule: .*never comes/],
    [
      'with a schedule in no zone',
      command({ schedule: `{ cron: '@daily', timezone: 'Moon' }` }),
      /no time zone "Moon"/,
    ],
    [
      'with a schedule and an input',
      command({ schedule: `'@daily'`, input: 'z.object({ id: z.string() })' }),
      /has to work without input/,
    ],
    ['without run', command({ run: 'null' }), /run is not a function/],
    ...[`{ name: 'task.filed', summary: 's' }`, `{ name: 'noted', summary: 's' }`, `'note.made'`].map(
      (event): [string, Record<string, string>, RegExp] => [
        `with the event ${event}`,
        {
          'notes/pack.ts': packFile('notes', commandText()).replace('commands:', `events: [${event}], commands:`),
        },
        /the pack's events\.0/,
      ],
    ),
    ...[
      [`{ title: '', instruction: 'i', scopes: ['notes:read'] }`, /templates\.0\.title/],
      [`{ title: 't', instruction: ' ', scopes: ['notes:read'] }`, /templates\.0\.instruction/],
      [`{ title: 't', instruction: 'i', scopes: [] }`, /templates\.0\.scopes/],
      [`{ title: 't', instruction: 'i', scopes: ['notes:*'] }`, /templates\.0\.scopes\.0 .*concrete/],
      [`{ title: 't', instruction: 'i', scopes: ['notes:read', 'other:read'] }`, /"t": no command .* other:read/],
    ].map(([template, problem]): [string, Record<string, string>, RegExp] => [
      `with the template ${template}`,
      {
        'notes/pack.ts': packFile('notes', commandText()).replace(
          'commands:',
          `templates: [${template}], commands:`,
        ),
      },
      problem as RegExp,
    ]),
    [
      'without the folder of migrations that it names',
      {
        'notes/pack.ts': packFile('notes', commandText()).replace(
          'commands:',
          `migrations: new URL('./sql/', import.meta.url), commands:`,
        ),
      },
      /its folder of migrations is not there: .*notes\/sql/,
    ],
  ])('%s is refused', async (_, files, reason) => {
    const error = await load(files).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'invalid_settings', hint: expect.any(String) });
    expect(String(error)).toMatch(/notes\/pack\.ts: /);
    expect(String(error)).toMatch(reason);
  });

  it('tells the line of a mistake', async () => {
    const files = {
      'notes/pack.ts': `import './list.ts';`,
      'notes/list.ts': `\n\nthrow new Error('no luck');`,
    };
    await expect(load(files)).rejects.toThrow(/no luck \(\S*notes\/list\.ts:3/);
  });
});

const MEMOS = commandText({ name: `'memos list'`, http: `'GET /memos'`, scope: `'memos:read'` });

const LABELS = commandText({ name: `'labels list'`, http: `'GET /labels'`, scope: `'labels:read'` });

describe('which packs are on', () => {
  const files = {
    'notes/pack.ts': packFile('notes', commandText()),
    'memos/pack.ts': packFile('memos', MEMOS),
    'README.md': 'no pack',
    '.cache/x': 'no pack',
  };
  const names = async (only: string[] | null, more: Record<string, string> = {}) =>
    (await load({ ...files, ...more }, only)).map(({ name }) => name);

  it('all that are found, or those of SEED_PACKS', async () => {
    expect(await names(null)).toEqual(['memos', 'notes']);
    expect(await names(['notes'])).toEqual(['notes']);
    expect(await names([])).toEqual([]);
  });

  it('of the examples those that SEED_PACKS names, by either path', async () => {
    const examples = {
      '../examples/packs/labels/pack.ts': packFile('labels', LABELS),
      '../examples/packs/broken/pack.ts': 'nonsense(',
    };
    expect(await names(null, examples)).toEqual(['memos', 'notes']);
    expect(await names(['examples/labels'], examples)).toEqual(['labels']);
    expect(await names(['examples/packs/labels', 'notes'], examples)).toEqual(['notes', 'labels']);
    await expect(names(['labels'], examples)).rejects.toMatchObject({
      hint: 'It is one of the examples: write examples/labels.',
    });
  });

  it('a broken one that is off does no harm', async () => {
    const broken = { 'broken/pack.ts': 'nonsense(' };
    expect(await names(['notes'], broken)).toEqual(['notes']);
  });

  it('a name of SEED_PACKS that there is not is refused', async () => {
    await expect(load(files, ['note'])).rejects.toMatchObject({
      message: expect.stringContaining('"note"'),
      hint: expect.stringContaining('memos, notes'),
    });
  });
});

it('for an import all clashes of what is found are told, and one that cannot be loaded is left out', async () => {
  await using folder = await packFolder({
    'notes/pack.ts': packFile('notes', commandText()),
    'memos/pack.ts': packFile('memos', commandText(), MEMOS),
    'broken/pack.ts': 'nonsense(',
  });
  const clashes = await clashesOfPacks(folder.settings, BUILT_IN);
  expect(clashes).toEqual([
    expect.stringContaining('the noun "notes"'),
    expect.stringContaining('the path "/notes"'),
    expect.stringContaining('the scope namespace "notes:"'),
  ]);
});

describe('seed.config.ts', () => {
  const elsewhere = { '../elsewhere/pack.ts': packFile('tasks-of-ours', commandText()) };
  const config = (text: string) => ({ '../seed.config.ts': `export default ${text};` });

  it('adds packs that lie elsewhere', async () => {
    const packs = await load({ ...elsewhere, ...config(`{ packs: ['./elsewhere/pack.ts'] }`) });
    expect(packs.map(({ name }) => name)).toEqual(['tasks-of-ours']);
  });

  it.each<[string, Record<string, string>, RegExp]>([
    [
      'a package that is not installed',
      config(`{ packs: ['@acme/nowhere'] }`),
      /"@acme\/nowhere" is not installed/,
    ],
    ['an unknown setting', config(`{ pack: [] }`), /pack/],
    ['no setting at all', { '../seed.config.ts': '' }, /object/],
    ['broken code', { '../seed.config.ts': '{{' }, /cannot be loaded/],
  ])('with %s is refused', async (_, files, reason) => {
    const error = await load(files).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'invalid_settings' });
    expect(String(error)).toMatch(/seed\.config\.ts: /);
    expect(String(error)).toMatch(reason);
  });

  it('with the name of another pack is refused', async () => {
    const twin = { '../elsewhere/pack.ts': packFile('notes', commandText()) };
    const own = { 'notes/pack.ts': packFile('notes', commandText()) };
    const files = { ...own, ...twin, ...config(`{ packs: ['./elsewhere/pack.ts'] }`) };
    await expect(load(files)).rejects.toThrow(/elsewhere\/pack\.ts: .*"notes", like that of .*notes\/pack\.ts/);
  });
});
