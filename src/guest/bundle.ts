// Bundles the guest into one file. Called by the image build; tests run the same file outside a sandbox.
import { readFile } from 'node:fs/promises';
import { bundle } from '../lib/bundle.ts';
import { packedBundle } from '../lib/own-files.ts';
import type { CliPrograms } from './cli-host.ts';

const TARGET = 'node24';
const REQUIRE = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

/** The guest as one ES module; it needs Node 24 and Pi's packages in a node_modules folder beside or above it. */
export async function bundleGuest(): Promise<Uint8Array> {
  const packed = packedBundle('src/guest/main.ts');
  if (packed !== null) return readFile(packed);
  return bundle(new URL('main.ts', import.meta.url), {
    target: TARGET,
    external: ['@earendil-works/*'],
    // tar-stream asks for Node's modules in the older way.
    banner: { js: REQUIRE },
    define: { SEED_CLI_PROGRAMS: JSON.stringify(await cliPrograms()) },
  });
}

/** What the guest starts and installs for the `seed` command. */
export async function cliPrograms(): Promise<CliPrograms> {
  const [client, program, finish] = await Promise.all([
    readFile(new URL('cli-client.pl', import.meta.url), 'utf8'),
    bundle(new URL('cli-program.ts', import.meta.url), { target: TARGET }),
    bundle(new URL('finish-program.ts', import.meta.url), { target: TARGET }),
  ]);
  return { client, program: Buffer.from(program).toString('utf8'), finish: Buffer.from(finish).toString('utf8') };
}
