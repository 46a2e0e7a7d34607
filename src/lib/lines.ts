// Splits a body that comes in pieces into lines. Used by the CLI and by the MCP server for NDJSON.
import { SeedError } from '../protocol/errors.ts';

const LINE_LIMIT_CHARACTERS = 4 * 1024 * 1024;

/** The non-empty lines of a body. Throws SeedError when a line passes the limit, the body's own error when it breaks. */
export async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LINE_LIMIT_CHARACTERS) {
      throw new SeedError(
        'unreachable',
        `the server sent a line of over ${LINE_LIMIT_CHARACTERS} characters`,
      );
    }
    for (const line of lines) if (line.trim() !== '') yield line;
  }
  if (rest.trim() !== '') yield rest;
}
