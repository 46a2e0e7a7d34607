// What all MCP tools share: schemas, waiting, and REST's answers as results.
import type { CallToolResult, Tool, ToolAnnotations } from '@modelcontextprotocol/server';
import { linesOf } from '../../lib/read-stream.ts';
import { type ErrorBody, SeedError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { JsonSchema } from '../../protocol/manifest.ts';
import { cutMiddle } from '../../protocol/text.ts';
import { plainSchema } from './plain-schema.ts';
import type { PlatformCommand } from './platform.ts';

/** The command's input, as strict as REST is, and without references. */
export function inputSchemaOf(
  command: PlatformCommand,
  more: Record<string, JsonSchema> = {},
): Tool['inputSchema'] {
  const {
    oneOf,
    dependentRequired: _,
    if: __,
    then: ___,
    else: ____,
    not: _____,
    ...input
  } = plainSchema(command.input);
  // Ways to call it are left to the call: models' hosts refuse a tool whose schema has them at its root.
  const ways = oneOf === undefined || isOfRequired(oneOf) ? {} : { oneOf };
  const properties = { ...input.properties, ...more };
  const schema = { ...input, ...ways, properties, additionalProperties: false };
  return schema as Tool['inputSchema'];
}

const isOfRequired = (ways: unknown) =>
  Array.isArray(ways) && ways.every((way: object) => Object.keys(way).join() === 'required');

export function annotationsOf({ effect, creates }: PlatformCommand): ToolAnnotations {
  return {
    readOnlyHint: effect === 'read',
    destructiveHint: effect === 'destructive',
    idempotentHint: !creates,
    openWorldHint: false,
  };
}

/** For what waits: the seconds, in the tool's input. @param most unless given, as long as a task may run */
export function waitSchema(seconds: number, most: number = LIMITS.waitSeconds): JsonSchema {
  return {
    type: 'integer',
    minimum: 0,
    maximum: most,
    default: seconds,
    description: 'Seconds to wait for the end. Most clients give up after 60',
  };
}

/** The command itself knows no `wait`. */
export function takeWait(input: Record<string, unknown>, fallback: number, most: number = LIMITS.waitSeconds) {
  const { wait = fallback, ...rest } = input;
  if (typeof wait === 'number' && Number.isInteger(wait) && wait >= 0 && wait <= most) return { wait, rest };
  throw new SeedError('invalid_input', `wait is no whole number from 0 to ${most}`);
}

/** Whether a person is asked first: the answer is the approval that waits for them. */
export function isAsked({ status, headers }: Response): boolean {
  return status === 202 && headers.has('seed-approval');
}

/** The JSON of an answer. @throws SeedError of an error answer, and where a person is asked first */
export async function answerOf(response: Response): Promise<Record<string, unknown>> {
  if (isAsked(response)) {
    throw new SeedError(
      'limit_exceeded',
      `a person is asked first: approval ${response.headers.get('seed-approval')}`,
      {
        hint: 'Call the command by its tool, which tells how to wait for the decision.',
      },
    );
  }
  return bodyOf(response);
}

/** The JSON of an answer, also where a person is asked first. @throws SeedError of an error answer */
export async function bodyOf(response: Response): Promise<Record<string, unknown>> {
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
