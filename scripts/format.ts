// npm run format: formats and sorts imports in place, everywhere or in the folders that are named.
import { run } from './lib/run.ts';

const given = process.argv.slice(2);
await run('biome', ['check', '--write', ...(given.length > 0 ? given : ['.'])]);
