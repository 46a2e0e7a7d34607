// A command of the platform as an MCP tool, and what all tools share: schemas, and REST's answers as results.
import type { CallToolResult, Tool, ToolAnnotations } from '@modelcontextprotocol/server';
import { linesOf } from '../../lib/read-stream.ts';
import { type ErrorBody, SeedError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { JsonSchema } from '../../protocol/manifest.ts';
import { cutMiddle } from '../../protocol/text.ts';
import type { McpTool } from './mcp-server.ts';
import type { Platform, PlatformCommand } from './platform.ts';

export function commandTool(platform: Platform, command: PlatformCommand): McpTool {
  return {
    definition: {
      name: toolNameOf(command),
      title: titleOf(command.name),
      description: `${command.summary}.`,
      inputSchema: inputSchemaOf(command),
      outputSchema: command.outputSchema as Tool['outputSchema'],
      annotations: annotationsOf(command),
    },
    call: (input, ctx) =>
      orToolError(async () => {
        const response = await platform.call(command, input, { signal: ctx.mcpReq.signal });
        const result = toolResult(await answerOf(response));
        const warning = response.headers.get('seed-warning');
        if (warning !== null) result.content.push({ type: 'text', text: `warning: ${warning}` });
        return result;
      }),
  };
}

/** `keys list` → keys_list */
export const toolNameOf = ({ name }: PlatformCommand): string => name.replaceAll(' ', '_');

/** The command's input, as strict as REST is. */
export function inputSchemaOf(
  { input }: PlatformCommand,
  more: Record<string, JsonSchema> = {},
): Tool['inputSchema'] {
  const schema = { ...input, properties: { ...input.properties, ...more }, additionalProperties: false };
  return schema as Tool['inputSchema'];
}

export function annotationsOf({ effect, creates }: PlatformCommand): ToolAnnotations {
  return {
    readOnlyHint: effect === 'read',
    destructiveHint: effect === 'destructive',
    idempotentHint: !creates,
    openWorldHint: false,
  };
}

/** `keys list` → `Keys: list` */
function titleOf(name: string): string {
  const [noun = name, ...verb] = name.split(' ');
  const capital = noun.charAt(0).toUpperCase() + noun.slice(1);
  return verb.length === 0 ? capital : `${capital}: ${verb.join(' ')}`;
}

/** The JSON of an answer; of an error answer a SeedError. */
export async function answerOf(response: Response): Promise<Record<string, unknown>> {
  const body = (await response.json()) as Record<string, unknown>;
  if (response.ok) return body;
  const { code, message, hint } = (body as unknown as ErrorBody).error;
  throw new SeedError(code, message, hint === null ? {} : { hint });
}

/** The lines of a stream command's answer. @throws SeedError what REST refused */
export async function* answeredLines(response: Response): AsyncGenerator<string> {
  if (!response.ok) await answerOf(response);
  yield* linesOf(response.body ?? new ReadableStream());
}

/** @param text what a reader without structured content gets; without it the JSON. Cut where it is long */
export function toolResult(structuredContent: Record<string, unknown>, text?: string): CallToolResult {
  const whole = text ?? JSON.stringify(structuredContent);
  return { content: [{ type: 'text', text: cutMiddle(whole, LIMITS.mcp.textBytes) }], structuredContent };
}

/** The result of `work`; a SeedError becomes a result that says what happened and what to do next. */
export async function orToolError(work: () => Promise<CallToolResult>): Promise<CallToolResult> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof SeedError)) throw error;
    return { content: [{ type: 'text', text: errorText(error) }], isError: true };
  }
}

/** `code: message. hint` */
export function errorText({ code, message, hint }: SeedError): string {
  return `${code}: ${message}.${hint === null ? '' : ` ${hint}`}`;
}
