// What REST answered, as the result of a tool.
import type { CallToolResult } from '@modelcontextprotocol/server';
import { type ErrorBody, SeedError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { cutMiddle } from '../../protocol/text.ts';

/** The JSON of an answer; of an error answer a SeedError. */
export async function answerOf(response: Response): Promise<Record<string, unknown>> {
  const body = (await response.json()) as Record<string, unknown>;
  if (response.ok) return body;
  const { code, message, hint } = (body as unknown as ErrorBody).error;
  throw new SeedError(code, message, hint === null ? {} : { hint });
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
