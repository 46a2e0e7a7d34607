// How much a model wrote in an answer or a chunk of one, in whichever dialect: all text of its choices counts, whatever the
// upstream calls it (content, refusal, reasoning, names and arguments of tool calls), but what only frames it.

const FRAME: readonly string[] = [
  ...['role', 'id', 'type', 'object', 'format', 'finish_reason', 'native_finish_reason', 'stop_reason'],
  ...['logprobs', 'usage', 'signature'],
  // Bytes of images and sounds.
  ...['url', 'data'],
];
/** Names for the same text, of which some upstreams send several. */
const REASONING: readonly string[] = ['reasoning', 'reasoning_content', 'reasoning_details', 'thinking'];
/** No dialect nests deeper, and whoever did could exhaust the stack. */
const DEPTH = 12;

/** Bytes of UTF-8. */
export function writtenBytes(json: object): number {
  return 'choices' in json ? bytesIn(json.choices, DEPTH) : 0;
}

function bytesIn(value: unknown, depth: number): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value !== 'object' || value === null || depth === 0) return 0;
  if (Array.isArray(value)) return value.reduce((sum, item) => sum + bytesIn(item, depth - 1), 0);
  let bytes = 0;
  let reasoning = 0;
  for (const [name, inner] of Object.entries(value)) {
    if (FRAME.includes(name)) continue;
    const more = bytesIn(inner, depth - 1);
    if (REASONING.includes(name)) reasoning = Math.max(reasoning, more);
    else bytes += more;
  }
  return bytes + reasoning;
}
