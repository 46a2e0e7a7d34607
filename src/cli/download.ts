// Runs a command that answers with a file: to stdout, or to a file, whole or not at all. Used by run.ts.
import { SeedError } from '../protocol/errors.ts';
import { fileNameProblem } from '../protocol/file-name.ts';
import type { CommandCall } from './api.ts';
import { fs, loadCrypto } from './builtin.ts';
import { usageError } from './io.ts';
import type { HttpResponse } from './request.ts';

/** @param output a file, or a folder that is there; null: stdout */
export async function downloadFile(
  { io, api, command, input }: CommandCall,
  { output, quiet }: { output: string | null; quiet: boolean },
): Promise<void> {
  if (output === null && io.stdout.isTerminal) {
    const hint = `--output <path> writes it to a file or into a folder: seed ${command.name} … --output .`;
    throw usageError('a file is not written to a terminal, which might act on what is in it', hint);
  }
  const response = await api.file(command, input);
  if (output === null) {
    for await (const chunk of checked(response, api.url)) io.stdout.write(chunk);
    return;
  }
  const isFolder = fs.statSync(output, { throwIfNoEntry: false })?.isDirectory() === true;
  const path = isFolder ? `${output.replace(/\/+$/, '')}/${nameOf(response)}` : output;
  const size = await writeWhole(path, checked(response, api.url));
  if (!quiet) io.stderr.write(`${path}: ${size} bytes\n`);
}

/** Under another name until it is complete: nothing is overwritten by half a file, and no link is followed. */
async function writeWhole(path: string, content: AsyncIterable<Uint8Array>): Promise<number> {
  const unfinished = `${path}.${globalThis.crypto.randomUUID()}`;
  let size = 0;
  try {
    const file = fs.openSync(unfinished, 'wx');
    try {
      for await (const chunk of content) {
        fs.writeFileSync(file, chunk);
        size += chunk.length;
      }
    } finally {
      fs.closeSync(file);
    }
    fs.renameSync(unfinished, path);
    return size;
  } catch (error) {
    fs.rmSync(unfinished, { force: true });
    throw error;
  }
}

/** The body; at its end it throws unless it has the digest that the server told (RFC 9530). */
async function* checked({ headers, body }: HttpResponse, url: string): AsyncIterable<Uint8Array> {
  const hash = loadCrypto().createHash('sha256');
  try {
    for await (const chunk of body) {
      hash.update(chunk);
      yield chunk;
    }
  } catch (cause) {
    throw new SeedError('unreachable', `the connection to ${url} broke before the file was complete`, { cause });
  }
  const told = /sha-256=:([^:]+):/.exec(String(headers['repr-digest'] ?? ''))?.[1];
  if (told !== undefined && told !== hash.digest('base64'))
    throw new SeedError('unreachable', 'the file did not arrive as it was sent');
}

/** What the server calls it, if that can be no path. */
function nameOf({ headers }: HttpResponse): string {
  const encoded = /filename\*=UTF-8''([^;]+)/.exec(headers['content-disposition'] ?? '')?.[1] ?? '';
  const name = decodeURIComponent(encoded);
  if (fileNameProblem(name) === null && !name.includes('/')) return name;
  throw new SeedError('unreachable', 'the server gave the file no usable name', {
    hint: '--output <path> gives it one.',
  });
}
