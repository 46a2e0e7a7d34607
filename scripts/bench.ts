// npm run bench: the measurements of bench/, all of them or those that are named: npm run bench -- start
// What begins with a dash goes, with all behind it, to the measurement: npm run bench -- fleet --quick
// --help tells what there is, or what the named ones measure.
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { run } from './lib/run.ts';

const FOLDER = new URL('../bench/', import.meta.url);
/** What the measurements share. */
const SHARED = ['statistics', 'table'];

const files = (await readdir(FOLDER)).filter((file) => file.endsWith('.ts')).map((file) => file.slice(0, -3));
const benches = files.filter((name) => !SHARED.includes(name)).sort();
const given = process.argv.slice(2);
const flagsFrom = given.findIndex((word) => word.startsWith('-'));
const wanted = flagsFrom === -1 ? given : given.slice(0, flagsFrom);
const flags = given.slice(wanted.length);
const unknown = wanted.filter((name) => !benches.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`There is no measurement ${unknown.join(', ')}; there are ${benches.join(', ')}.\n`);
  process.exit(2);
}
if (flags.includes('--help')) {
  process.stdout.write('npm run bench [-- <name>… [flags]]\n\n');
  for (const name of wanted.length > 0 ? wanted : benches) process.stdout.write(await opening(name));
  process.exit(0);
}
for (const name of wanted.length > 0 ? wanted : benches) {
  process.stdout.write(`\n${name}\n`);
  await run(process.execPath, [fileURLToPath(new URL(`${name}.ts`, FOLDER)), ...flags]);
}

/** What a measurement says of itself: the comment that it opens with. */
async function opening(name: string): Promise<string> {
  const lines = (await readFile(new URL(`${name}.ts`, FOLDER), 'utf8')).split('\n');
  const comment = lines.slice(
    0,
    lines.findIndex((line) => !line.startsWith('//')),
  );
  return `${comment.map((line) => line.slice(3)).join('\n')}\n\n`;
}
