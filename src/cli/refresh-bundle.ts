// Writes the bundle that bin/seed starts, whole or not at all. Run by bin/seed when a source is newer.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { SEED_ROOT } from '../lib/own-files.ts';
import { bundleCli } from '../server/http/cli-bundle.ts';

const directory = new URL('node_modules/.cache/', SEED_ROOT);
const temporary = new URL(`seed-cli.${process.pid}.mjs`, directory);
mkdirSync(directory, { recursive: true });
writeFileSync(temporary, await bundleCli('repository.ts'));
renameSync(temporary, new URL('seed-cli.mjs', directory));
