// Reads what somebody else sends, and no more of it than it may have.

/**
 * All bytes of the stream; null as soon as there are more than `maxBytes`: leaving the loop ends the stream and closes its
 * connection.
 */
export async function readWithin(
  stream: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<Buffer<ArrayBuffer> | null> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > maxBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
