// npm run format: formats and sorts imports in place.
import { run } from './lib/run.ts';

await run('biome', ['check', '--write', '.']);
