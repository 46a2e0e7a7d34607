// seed init: a folder for an adopter's packs and settings. Used by local-commands.ts.
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isRecord, parseJson } from '../lib/json.ts';
import { IS_REPOSITORY } from '../lib/own-files.ts';
import { SeedError } from '../protocol/errors.ts';
import { fs } from './builtin.ts';
import { filesOf, type NewFolder, packageList } from './init-files.ts';
import { EXIT, type Io } from './io.ts';
import { type LocalCommand, tellDone, textIn } from './local-command.ts';
import { npm } from './npm.ts';
import { dependenciesOf, ownPackage, ownSource } from './own-package.ts';
import { packName } from './pack-name.ts';
import { prepare, reportText, startWith, tellProblems, todoText } from './packs-import.ts';
import { sanitise } from './terminal.ts';

export const init: LocalCommand = {
  name: 'init',
  summary: 'Make a folder for your packs and settings, with one pack and its test to start from',
  usage: 'seed init [folder] [--openapi <url-or-file>] [--name <name>] [--no-install]',
  flags: [
    { name: '--openapi <url-or-file>', summary: "Also a pack of this OpenAPI document's operations" },
    { name: '--name <name>', summary: 'What that pack is called [default after the document]' },
    { name: '--no-install', summary: 'Leave npm install to you' },
  ],
  positionals: ['folder'],
  examples: ['seed init', 'seed init acme-seed --openapi https://api.example.com/openapi.json --name acme'],
  async run(io, flags, values) {
    const target = resolve(textIn(values, 'folder') ?? '.');
    const source = textIn(values, 'openapi');
    const imported = source === undefined ? null : await prepareImport(source, values['name'], target);
    const list = listOf(target);
    const files = { 'package.json': list.text, ...filesOf({ name: list.name, version: ownPackage().version }) };
    refuseToOverwrite(target, Object.keys(files), list.isNew);
    for (const [path, text] of Object.entries(files)) write(join(target, path), text);
    const isHere = process.cwd() === target;
    process.chdir(target);
    const pack = imported && (await writeImport(io, imported));
    const installs = values['no-install'] !== true && (await install(io, target));
    const paths = [...Object.keys(files), ...(pack?.files ?? [])];
    const next = nextSteps(target, { isHere, installs, pack: pack?.name ?? null });
    tellDone(io, flags, { json: { folder: target, files: paths, pack }, text: paths.join('\n'), note: next });
    if (pack && !flags.json) tellProblems(io, pack.name, pack.problems);
    return pack && pack.problems.length > 0 ? EXIT.error : EXIT.ok;
  },
};

/** package.json as it will be: a new one, or the one that is there with what it lacks. */
function listOf(target: string): { text: string; name: string; isNew: boolean } {
  const { version, peers, name: ownName } = ownPackage();
  const file = join(target, 'package.json');
  const isNew = !fs.existsSync(file);
  const before = isNew ? {} : parseJson(fs.readFileSync(file, 'utf8'));
  if (!isRecord(before)) throw unfit('it is not a JSON object', 'Correct it, or name another folder.');
  if (before['type'] !== undefined && before['type'] !== 'module')
    throw unfit('its "type" is not "module", and packs are modules', 'npm pkg set type=module');
  const given = before['name'];
  const name = typeof given === 'string' ? given : nameFrom(basename(target));
  const made: NewFolder = { name, version, peers, spec: ownSource().specFrom(target) };
  return { text: `${JSON.stringify(completed(before, packageList(made), ownName), null, 2)}\n`, name, isNew };
}

const unfit = (why: string, hint: string) =>
  new SeedError('conflict', `the folder's package.json cannot be used: ${why}`, { hint });

/** What is there stays; only a dependency on the package by its own name gets the name that packs import. */
function completed(before: Record<string, unknown>, wanted: Record<string, unknown>, ownName: string) {
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries({ ...wanted, ...before })) {
    const [given, there] = [wanted[key], before[key]];
    result[key] = isRecord(given) && isRecord(there) ? { ...given, ...there } : value;
  }
  const { [ownName]: own, ...others } = dependenciesOf(result);
  if (own !== undefined) result['dependencies'] = { ...others, seed: own };
  return result;
}

/** A name that npm takes, whatever the folder is called; and another than that of the dependency. */
function nameFrom(folder: string): string {
  const name = folder
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replaceAll(/^[._-]+|-+$/g, '')
    .slice(0, 200);
  return ['', 'seed', 'node_modules', 'favicon.ico'].includes(name) ? 'my-seed' : name;
}

function refuseToOverwrite(target: string, paths: readonly string[], isNewList: boolean): void {
  if (fs.existsSync(target) && !fs.statSync(target).isDirectory())
    throw new SeedError('conflict', `${target} is there already, and no folder`);
  const there = paths.filter(
    (path) => fs.existsSync(join(target, path)) && (isNewList || path !== 'package.json'),
  );
  if (there.length === 0) return;
  throw new SeedError('conflict', `${target} has these already: ${there.join(', ')}`, {
    hint: 'Nothing was written. Move them away, or name another folder: seed init <folder>.',
  });
}

function write(path: string, text: string): void {
  fs.mkdirSync(dirname(path), { recursive: true });
  fs.writeFileSync(path, text);
}

type Prepared = Awaited<ReturnType<typeof prepare>> & { name: string };

async function prepareImport(
  given: string,
  name: string | boolean | undefined,
  target: string,
): Promise<Prepared> {
  const source = /^https?:\/\//i.test(given) ? given : resolve(given);
  const called = packName(name ?? packNameFrom(source), 'seed init --openapi openapi.json --name acme');
  const home = pathToFileURL(`${target}/`);
  return { name: called, ...(await prepare({ source, name: called, home })) };
}

/** Words that say nothing of whose document it is. */
const GENERIC = /^(?:(?:open-?)?apis?|swagger|specs?|schema|docs?|www|developers?|index|latest|v?\d+|json|yaml)$/;

/** After the document's file, or where it lies. */
function packNameFrom(source: string): string {
  const url = URL.parse(source);
  const path = url?.protocol.startsWith('http') ? url.pathname : source;
  const fromFile = basename(path).replace(/\.(?:json|ya?ml)$/i, '');
  const fromHost = url?.protocol.startsWith('http') ? url.hostname.split('.').slice(0, -1).reverse() : [];
  const kebab = (text: string) =>
    text
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^[^a-z]+|-+$/g, '')
      .slice(0, 40);
  return [fromFile, ...fromHost].map(kebab).find((word) => word !== '' && !GENERIC.test(word)) ?? 'platform';
}

/** Where others have its nouns, all of the pack's are told apart by its name. */
async function writeImport(io: Io, { name, folder, prepared }: Prepared) {
  await prepared.write();
  let { problems, clashes } = await startWith(name, folder, prepared);
  const file = new URL('overrides.json', folder);
  if (clashes.length > 0) {
    const overrides = JSON.stringify({ ...JSON.parse(prepared.overrides), nouns: { '*': `${name}-*` } }, null, 2);
    fs.writeFileSync(file, `${overrides}\n`);
    ({ problems, clashes } = await startWith(name, folder, { ...prepared, overrides }));
    io.stderr.write(
      `Other commands have some of its nouns, so all of them begin with ${name}-: packs/${name}/overrides.json\n`,
    );
  }
  const { report } = prepared;
  io.stderr.write(`${reportText(report, name)}\n${todoText(report, name)}\n`);
  const files = report.files.map((each) => `packs/${name}/${basename(fileURLToPath(each))}`);
  return { name, commands: report.commands, problems: [...problems, ...clashes], files };
}

/** Whether the packages are there now. */
async function install(io: Io, target: string): Promise<boolean> {
  const { file } = ownSource();
  if (file !== null && !fs.existsSync(file)) {
    const how = IS_REPOSITORY ? 'npm pack in the repository makes it' : 'put it there, or correct package.json';
    io.stderr.write(`npm install was left out: ${file} is not there; ${how}.\n`);
    return false;
  }
  io.stderr.write('Installing packages (--no-install leaves it to you)\n');
  const { code, stderr } = await npm(['install', '--no-audit', '--no-fund', '--loglevel=error'], target);
  if (code !== 0) io.stderr.write(`npm install has failed:\n${sanitise(stderr.trim())}\n`);
  return code === 0;
}

function nextSteps(
  target: string,
  { isHere, installs, pack }: { isHere: boolean; installs: boolean; pack: string | null },
): string {
  const steps = [
    ...(isHere ? [] : [`cd ${target}`]),
    ...(installs ? [] : ['npm install']),
    'npm run dev                  starts Seed, and takes packs anew when their files change',
    'npm test                     checks every pack and runs the tests',
    'npx --no-install seed login  saves the admin key that the first start shows',
    `npx --no-install seed ${pack ? `packs list` : 'hello greet world'}`,
  ];
  return `\nNext:\n${steps.map((step) => `  ${step}`).join('\n')}\n`;
}
