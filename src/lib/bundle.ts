// One ES module out of a TypeScript entry file and what it imports. For the guest and the CLI.
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, stop } from 'esbuild';

let inFlight = 0;

/** The bundle's bytes. esbuild's own process ends with the last bundle that is being made. */
export async function bundle(entry: URL, options: BuildOptions): Promise<Uint8Array> {
  inFlight += 1;
  try {
    const { outputFiles } = await build({
      ...options,
      entryPoints: [fileURLToPath(entry)],
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'node',
      legalComments: 'none',
    });
    return outputFiles?.[0]?.contents ?? new Uint8Array();
  } finally {
    inFlight -= 1;
    if (inFlight === 0) await stop();
  }
}
