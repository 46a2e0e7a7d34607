// Makes the one file that a server hands out as /cli/seed.mjs, and the one that bin/seed starts.
import { readFile } from 'node:fs/promises';
import { packedBundle } from '../../lib/own-files.ts';
import type { Manifest } from '../../protocol/manifest.ts';

const SHEBANG = '#!/usr/bin/env node\n';

/** About 100 kB, no dependencies, Node 20.16 or newer. What is handed out has no commands yet: see renderCli. */
export async function bundleCli(entry: 'handed-out.ts' | 'repository.ts' = 'handed-out.ts'): Promise<string> {
  const packed = packedBundle(`src/cli/${entry}`);
  if (packed !== null) return readFile(packed, 'utf8');
  const { bundle } = await import('../../lib/bundle.ts');
  const options = { target: 'node20', minifySyntax: true, logLevel: 'silent' } as const;
  const contents = await bundle(new URL(`../../cli/${entry}`, import.meta.url), options);
  return SHEBANG + Buffer.from(contents).toString('utf8');
}

/** The complete /cli/seed.mjs: the bundle of bundleCli with the commands that a key may use. */
export function renderCli(bundled: string, manifest: Manifest): string {
  // Twice: a string literal is parsed faster than an object, and holds every character safely.
  const literal = JSON.stringify(JSON.stringify(manifest))
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
  return `${SHEBANG}const SEED_MANIFEST_JSON = ${literal};\n${bundled.slice(SHEBANG.length)}`;
}
