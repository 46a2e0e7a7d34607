// One ES module out of a TypeScript entry file and what it imports. For the guest, the CLI and, in images, Pi.
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, stop, version } from 'esbuild';

export type { Plugin as BundlePlugin } from 'esbuild';
export const BUNDLER_VERSION = version;

let inFlight = 0;

/** A file, or a module's text and the folder from which it imports. */
export type BundleEntry = URL | { contents: string; resolveDir: string };

/** The bundle's bytes. esbuild's own process ends with the last bundle that is being made. */
export async function bundle(entry: BundleEntry, options: BuildOptions): Promise<Uint8Array> {
  inFlight += 1;
  try {
    const { outputFiles } = await build({
      ...options,
      ...(entry instanceof URL ? { entryPoints: [fileURLToPath(entry)] } : { stdin: entry }),
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'node',
      legalComments: 'none',
    });
    return new TextEncoder().encode(asciiOnly(outputFiles?.[0]?.text ?? ''));
  } finally {
    inFlight -= 1;
    if (inFlight === 0) await stop();
  }
}

/**
 * One other character makes V8 keep a source in two bytes a character. esbuild escapes them all but for those in
 * regular expressions, where an escape says the same.
 */
function asciiOnly(source: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are ASCII, too
  return source.replace(/[^\x00-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
