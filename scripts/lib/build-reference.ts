// The files of the page at /docs, with a hash in their names and compressed already: a server reads them when somebody
// opens it, and not before. Called by the build of the dashboard.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { contentHash } from '../../src/lib/content-hash.ts';

const ROOT = new URL('../../', import.meta.url);
/** In the order in which the page names them. */
const FILES = {
  'reference.css': 'web/reference/reference.css',
  'openapi-explorer.js': 'node_modules/openapi-explorer/dist/browser/openapi-explorer.min.js',
  'reference.js': 'web/reference/reference.js',
};

/** @param folder is made */
export async function buildReference(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, source] of Object.entries(FILES)) {
    const content = await readFile(new URL(source, ROOT));
    const file = join(folder, name.replace('.', `-${contentHash(content).slice(0, 12)}.`));
    const sizeHint = { [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
    await writeFile(file, content);
    await writeFile(`${file}.br`, brotliCompressSync(content, { params: sizeHint }));
    await writeFile(`${file}.gz`, gzipSync(content, { level: 9 }));
  }
  await writeFile(
    join(folder, 'LICENSE-openapi-explorer.txt'),
    await readFile(new URL('node_modules/openapi-explorer/LICENSE', ROOT)),
  );
}
