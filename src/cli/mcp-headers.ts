// The headers of an MCP message over Streamable HTTP, which repeat what stands in its body. Used by mcp-bridge.ts.

const META_REVISION = 'io.modelcontextprotocol/protocolVersion';

/** Which parameter names what a request is about, for `Mcp-Name` (SEP-2243, SEP-2663). */
const NAMED_BY: Record<string, string> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
  'tasks/get': 'taskId',
  'tasks/update': 'taskId',
  'tasks/cancel': 'taskId',
};

/** @param agreed the revision that `initialize` agreed on; null before it, and where there is none */
export function mcpHeaders(
  { method = '', params = {} }: { method?: string; params?: Record<string, unknown> },
  agreed: string | null,
): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'user-agent': 'seed-cli',
  };
  const own = (params['_meta'] as Record<string, unknown> | undefined)?.[META_REVISION];
  if (typeof own !== 'string')
    return agreed === null ? headers : { ...headers, 'mcp-protocol-version': agreed };
  const name = params[NAMED_BY[method] ?? ''];
  return {
    ...headers,
    'mcp-protocol-version': own,
    'mcp-method': method,
    ...(typeof name === 'string' && { 'mcp-name': headerValue(name) }),
  };
}

/** What a header cannot hold as it is goes as Base64 between marks. */
function headerValue(text: string): string {
  if (/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(text) && !text.startsWith('=?base64?')) return text;
  return `=?base64?${Buffer.from(text).toString('base64')}?=`;
}
