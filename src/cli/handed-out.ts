// Entry of /cli/seed.mjs, which a server hands out together with the commands that a key may use (see bundle.ts).
import { CLI_ENTRY, type CliEntry } from '../protocol/cli-entry.ts';
import type { Manifest } from '../protocol/manifest.ts';
import { main } from './main.ts';

/** Written above the bundle by renderCli. */
declare const SEED_MANIFEST_JSON: string;

const manifest: Manifest = JSON.parse(SEED_MANIFEST_JSON);
const form = { manifest, local: [], version: () => manifest.version };
const run: CliEntry = () => main(form, { isOneOfMany: true });
// In a sandbox one process runs many calls; everywhere else this file is the program.
const keep: unknown = Reflect.get(globalThis, Symbol.for(CLI_ENTRY));
if (typeof keep === 'function') keep(run);
else await main(form);
