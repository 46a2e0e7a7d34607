// npm run client: writes the generated part of the TypeScript client, from the commands.
// npm run client -- --pack <folder>: writes the client as a package of JavaScript and declarations.
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { build } from 'esbuild';
import { exitOnFailure } from '../src/lib/process-life.ts';
import { generatedClient } from './lib/generated-client.ts';

const CLIENT = new URL('../clients/typescript/', import.meta.url);
const GENERATED = new URL('src/generated/', CLIENT);

await exitOnFailure(async () => {
  const { values } = parseArgs({ options: { pack: { type: 'string' } } });
  for (const [name, text] of Object.entries(generatedClient())) {
    const file = new URL(name, GENERATED);
    if ((await readFile(file, 'utf8').catch(() => '')) === text) continue;
    await writeFile(file, text);
    process.stdout.write(`${name} written\n`);
  }
  if (values.pack !== undefined) await packClient(resolve(values.pack));
});

async function packClient(folder: string): Promise<void> {
  const entry = fileURLToPath(new URL('src/index.ts', CLIENT));
  await mkdir(folder, { recursive: true });
  await build({
    entryPoints: [entry],
    outfile: `${folder}/dist/index.js`,
    bundle: true,
    format: 'esm',
    target: 'es2022',
  });
  const options = [
    '--declaration',
    '--emitDeclarationOnly',
    '--rewriteRelativeImportExtensions',
    '--skipLibCheck',
  ];
  const how = [
    '--target',
    'es2024',
    '--module',
    'nodenext',
    '--strict',
    '--ignoreConfig',
    '--outDir',
    `${folder}/dist`,
  ];
  await promisify(execFile)('tsc', [entry, ...options, ...how]);
  const described = JSON.parse(await readFile(new URL('package.json', CLIENT), 'utf8')) as Record<string, unknown>;
  const { private: _, exports: __, ...rest } = described;
  const exports = { '.': { types: './dist/index.d.ts', default: './dist/index.js' } };
  await writeFile(`${folder}/package.json`, `${JSON.stringify({ ...rest, exports }, null, 2)}\n`);
  await copyFile(new URL('README.md', CLIENT), `${folder}/README.md`);
  process.stdout.write(`${described['name']} written to ${folder}\n`);
}
