// seed packs new: writes a pack from a template. Used by local-commands.ts.
import { fileURLToPath } from 'node:url';
import { adopterFolder } from '../lib/own-files.ts';
import { SeedError } from '../protocol/errors.ts';
import { fs } from './builtin.ts';
import { EXIT } from './io.ts';
import { type LocalCommand, tellDone } from './local-command.ts';
import { packName } from './pack-name.ts';
import { importPack } from './packs-import.ts';

const newPack: LocalCommand = {
  name: 'packs new',
  summary: 'Write a pack of one command with its test into packs/, to start from',
  usage: 'seed packs new <name>',
  positionals: ['name'],
  alsoOnServer: true,
  examples: ['seed packs new acme'],
  async run(io, flags, values) {
    const name = packName(values['name'], 'seed packs new acme');
    const folder = new URL(`packs/${name}/`, adopterFolder());
    if (fs.existsSync(folder)) {
      throw new SeedError('conflict', `packs/${name} is there already`, {
        hint: 'Choose another name, or change the pack that is there.',
      });
    }
    const files = Object.entries({ 'pack.ts': packFile(name), [`${name}.test.ts`]: testFile(name) });
    fs.mkdirSync(folder, { recursive: true });
    for (const [file, text] of files) fs.writeFileSync(new URL(file, folder), text);
    const paths = files.map(([file]) => fileURLToPath(new URL(file, folder)));
    const note = `\nTest it:          npm test -- packs/${name}\nStart Seed anew:  npm start\nThen call it:     seed ${name} hello world\n`;
    tellDone(io, flags, { json: { files: paths }, text: paths.join('\n'), note });
    return EXIT.ok;
  },
};

export const packCommands: readonly LocalCommand[] = [newPack, importPack];

export function packFile(name: string, verb = 'hello'): string {
  return `// The commands of ${name}.
import { defineCommand, definePack, z } from 'seed/pack';

const ${verb} = defineCommand({
  name: '${name} ${verb}',
  summary: 'Greet somebody',
  http: 'GET /${name}/${verb}/{who}',
  scope: '${name}:read',
  effect: 'read',
  input: z.object({ who: z.string().min(1).max(100).describe('Whom to greet') }),
  output: z.object({ greeting: z.string() }),
  examples: ['seed ${name} ${verb} world'],
  run: async ({ who }, { account }) => ({ greeting: \`Hello \${who}, from \${account.name}\` }),
});

export const pack = definePack({
  name: '${name}',
  title: '${name}',
  commands: [${verb}],
});
`;
}

export function testFile(name: string, verb = 'hello'): string {
  return `// The commands of ${name}, called as the server calls them.
import { openPack } from 'seed/testing';
import { expect, it } from 'vitest';

it('greets somebody', async () => {
  await using pack = await openPack(new URL('./pack.ts', import.meta.url));
  expect(await pack.call('${name} ${verb}', { who: 'world' })).toEqual({ greeting: 'Hello world, from test' });
  await expect(pack.call('${name} ${verb}', { who: '' })).rejects.toMatchObject({ code: 'invalid_input' });
});
`;
}
