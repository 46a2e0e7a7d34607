// Makes a call of an answer that is one written as text, where the model's setting says that it calls so and nothing
// speaks against it: whatever is in doubt stays the text that it is. Called by normaliser.ts.
import { z } from 'zod';
import { isRecord } from '../../../lib/json.ts';
import type { OfferedTool, WrittenCall } from '../../../lib/written-calls/written-call.ts';
import { WRITTEN_LENGTH, writtenCalls } from '../../../lib/written-calls/written-calls.ts';
import { occursIn } from './call-occurrence.ts';

interface Asked {
  messages: readonly object[];
  tools?: readonly object[] | null | undefined;
}

export interface TextHolder {
  /** @returns what may be told now: a text that can still become a call is held */
  push(text: string): string;
  /** The call that the whole text is, or the rest of the text. */
  end(): { call: WrittenCall } | { text: string };
  readonly heldBytes: number;
}

/** All forms begin with one of these. */
const BEGINNING = /^(?:[{[<`]|f(?:u|$)|T(?:h|$)|A(?:c|$)|c(?:o|$)|a(?:n|$)|to?=|t$|to$)/;

export function createTextHolder(asked: Asked): TextHolder {
  const tools = offeredTools(asked.tools ?? []);
  let held = '';
  let isProse = tools.length === 0;
  return {
    push(text) {
      if (isProse) return text;
      held += text;
      const begun = held.slice(0, 200).trimStart();
      const isOpen = held.length <= WRITTEN_LENGTH && (begun === '' || BEGINNING.test(begun));
      if (isOpen && held.length < 2 * WRITTEN_LENGTH) return '';
      isProse = true;
      const all = held;
      held = '';
      return all;
    },
    end() {
      const call = isProse ? null : safeCall(held, tools, asked.messages);
      const text = held;
      held = '';
      return call === null ? { text } : { call };
    },
    get heldBytes() {
      return Buffer.byteLength(held);
    },
  };
}

/** Null: the text is not one call, not of an offered tool with arguments that fit, or it may be an echo. */
export function safeCall(
  text: string,
  tools: readonly OfferedTool[],
  messages: readonly object[],
): WrittenCall | null {
  const calls = writtenCalls(text, tools);
  const [call] = calls ?? [];
  if (call === undefined || calls?.length !== 1) return null;
  const tool = tools.find(({ name }) => name === call.name);
  if (tool === undefined || !fits(call.arguments, tool.parameters)) return null;
  return occursIn(call, messages) ? null : call;
}

/** Functions with a schema; the gateway's own form of them. */
export function offeredTools(tools: readonly object[]): OfferedTool[] {
  return (tools as readonly Record<string, unknown>[]).flatMap(({ function: called }) => {
    if (!isRecord(called) || typeof called['name'] !== 'string') return [];
    const parameters = isRecord(called['parameters']) ? called['parameters'] : {};
    return [{ name: called['name'], parameters }];
  });
}

const SCHEMA_LENGTH = 64 * 1024;

/** Whoever asks writes the schema: one that could keep the server busy is not followed, and nothing fits it. */
function fits(args: Record<string, unknown>, schema: Record<string, unknown>): boolean {
  if (JSON.stringify(schema).length > SCHEMA_LENGTH || isCostly(schema)) return false;
  try {
    return z.fromJSONSchema({ type: 'object', ...schema } as never).safeParse(args).success;
  } catch {
    return false;
  }
}

/** Expressions, references to itself and comparisons of all with all. */
function isCostly(schema: unknown): boolean {
  if (Array.isArray(schema)) return schema.some(isCostly);
  if (!isRecord(schema)) return false;
  const { pattern, patternProperties, uniqueItems, $ref, $dynamicRef } = schema;
  const isExpression = typeof pattern === 'string' || isRecord(patternProperties);
  if (isExpression || uniqueItems === true || typeof $ref === 'string' || typeof $dynamicRef === 'string')
    return true;
  return Object.values(schema).some(isCostly);
}
