// npm run check: format and lint, types, dead code, the structure. With folders: format, lint and types of these.
import { ageWarning } from '../src/drivers/gvisor/runsc.ts';
import { moduleVersion } from '../src/drivers/gvisor/sources.ts';
import { checkConnections, checkPackImports, checkWebImports } from './lib/check-imports.ts';
import { ranWell, run } from './lib/run.ts';
import { structureOf } from './lib/structure.ts';

const given = process.argv.slice(2);
if (given.length > 0) {
  // Of these folders alone, such as one pack, and all there is to say at once.
  const failed = [
    await ranWell('biome', ['ci', '--error-on-warnings', ...given]),
    await ranWell('tsc', ['--noEmit', '-p', '.']),
  ];
  const imports = await checkPackImports(new URL('../packs/', import.meta.url).pathname);
  for (const line of imports) process.stderr.write(`${line}\n`);
  process.exit(failed.every(Boolean) && imports.length === 0 ? 0 : 1);
}
await run('biome', ['ci', '--error-on-warnings', '.']);
await run('tsc', ['--noEmit', '-p', '.']);
await run('tsc', ['--noEmit', '-p', 'web']);
await run('knip', ['--no-progress', '--no-config-hints']);
const pathOf = (folder: string) => new URL(`../${folder}/`, import.meta.url).pathname;
const structure = await structureOf(pathOf('.'));
process.stdout.write(`${structure.says.join('\n')}\n`);
// A warning and no failure: time alone is no mistake of whoever changed something else.
const old = ageWarning(await moduleVersion(), new Date());
if (old !== null) process.stdout.write(`Warning: the pinned ${old}\n`);
const wrong = [
  ...structure.wrong,
  ...(await checkConnections(pathOf('src'))),
  ...(await checkPackImports(pathOf('packs'))),
  ...(await checkPackImports(pathOf('examples/packs'), 'examples/packs')),
  ...(await checkPackImports(pathOf('examples/playbooks'), 'examples/playbooks')),
  ...(await checkPackImports(pathOf('examples/05-a-pack'), 'examples/05-a-pack')),
  ...(await checkWebImports(pathOf('web/src'))),
];
if (wrong.length > 0) {
  process.stderr.write(`Against the layout (docs/architecture.md):\n${wrong.join('\n')}\n`);
  process.exit(1);
}
