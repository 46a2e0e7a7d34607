// seed packs new: a pack to start from, written into this repository; and what else is done with packs here. Used by repository.ts.
import { fileURLToPath } from 'node:url';
import { SeedError } from '../protocol/errors.ts';
import { fs } from './builtin.ts';
import { EXIT } from './exit-codes.ts';
import type { LocalCommand } from './local-command.ts';
import { packName } from './pack-name.ts';
import { packTemplate } from './pack-template.ts';
import { importPack } from './packs-import.ts';
import { REPOSITORY } from './repository-root.ts';

const newPack: LocalCommand = {
  name: 'packs new',
  summary: 'Write a pack of one command with its test into packs/, to start from',
  usage: 'seed packs new <name>',
  flags: [],
  options: {},
  positionals: ['name'],
  alsoOnServer: true,
  examples: ['seed packs new acme'],
  async run(io, flags, values) {
    const name = packName(values['name'], 'seed packs new acme');
    const folder = new URL(`packs/${name}/`, REPOSITORY);
    if (fs.existsSync(folder)) {
      throw new SeedError('conflict', `packs/${name} is there already`, {
        hint: 'Choose another name, or change the pack that is there.',
      });
    }
    const files = Object.entries(packTemplate(name));
    fs.mkdirSync(folder, { recursive: true });
    for (const [file, text] of files) fs.writeFileSync(new URL(file, folder), text);
    const paths = files.map(([file]) => fileURLToPath(new URL(file, folder)));
    if (flags.json) io.stdout.write(`${JSON.stringify({ files: paths })}\n`);
    else io.stdout.write(`${paths.join('\n')}\n`);
    if (!flags.json && !flags.quiet) {
      io.stderr.write(
        `\nTest it:          npm test -- packs/${name}\nStart Seed anew:  npm start\nThen call it:     seed ${name} hello world\n`,
      );
    }
    return EXIT.ok;
  },
};

export const packCommands: readonly LocalCommand[] = [newPack, importPack];
