// npm run vercel [-- --out FOLDER] [--examples]: makes the folder that Vercel's own CLI deploys. See
// docs/vercel.md.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildFunction } from '../deploy/vercel/build.ts';
import { megabytes } from '../src/lib/disk-space.ts';
import { exitOnFailure } from '../src/lib/process-life.ts';

await exitOnFailure(async () => {
  const { values } = parseArgs({ options: { out: { type: 'string' }, examples: { type: 'boolean' } } });
  const say = (message: string) => console.error(`· ${message}`);
  const folder = resolve(values.out ?? 'dist/vercel');
  const { bytes, gzipBytes } = await buildFunction(folder, { examples: values.examples ?? false, say });
  say(`${folder}: the function has ${megabytes(bytes)}, compressed ${megabytes(gzipBytes)}`);
});
