// Bundles the guest into one file. Called by the image build; tests run the same file outside a sandbox.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** The guest as one ES module; it needs Node 24 and Pi's packages in a node_modules folder beside or above it. */
export async function bundleGuest(): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('./main.ts', import.meta.url))],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    external: ['@earendil-works/*'],
    legalComments: 'none',
  });
  const [file] = outputFiles;
  if (file === undefined) throw new Error('esbuild gave no output for the guest');
  return file.contents;
}
