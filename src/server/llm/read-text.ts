// Reads the body of an answer that is no stream, up to a limit.

/**
 * The body as text. `complete` is false when it was longer than `maxBytes`; the text then holds the beginning.
 * Rejects when the connection breaks.
 */
export async function readText(
  response: Response,
  maxBytes: number,
): Promise<{ text: string; complete: boolean }> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk.subarray(0, maxBytes - bytes));
    bytes += chunk.length;
    if (bytes > maxBytes) break;
  }
  return { text: Buffer.concat(chunks).toString('utf8'), complete: bytes <= maxBytes };
}
