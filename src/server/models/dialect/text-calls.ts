// Makes a call of an answer that is one written as text, where the model's setting says that it calls so and
// nothing speaks against it: whatever is in doubt stays the text that it is. Called by normaliser.ts.
import { z } from 'zod';
import { isRecord } from '../../../lib/json.ts';
import type { OfferedTool, WrittenCall } from '../../../lib/written-calls/written-call.ts';
import { WRITTEN_LENGTH, writtenCalls } from '../../../lib/written-calls/written-calls.ts';
import type { AnswerPiece, Normaliser } from './answer-piece.ts';
import { createCallIds } from './call-ids.ts';
import { occursIn } from './call-occurrence.ts';

interface Asked {
  messages: readonly object[];
  tools?: readonly object[] | null | undefined;
}

/** All forms begin with one of these. */
const BEGINNING = /^(?:[{[<`]|f(?:u|$)|T(?:h|$)|A(?:c|$)|c(?:o|$)|a(?:n|$)|t(?:o=|o?$))/;

/** The same reader; what it tells of text is held for as long as it may become a call. */
export function withTextCalls(reader: Normaliser, asked: Asked): Normaliser {
  const tools = offeredTools(asked.tools ?? []);
  let held = '';
  let isProse = tools.length === 0;
  let hasCalls = false;

  const hold = (piece: AnswerPiece): AnswerPiece => {
    hasCalls ||= (piece.calls ?? []).length > 0;
    if (isProse || piece.text === undefined || piece.text === '') return piece;
    held += piece.text;
    const begun = held.slice(0, 200).trimStart();
    const { text: _, ...others } = piece;
    if (held.length <= WRITTEN_LENGTH && (begun === '' || BEGINNING.test(begun)))
      return { ...others, goesOn: true };
    isProse = true;
    return { ...others, ...released() };
  };
  const released = (): AnswerPiece => {
    const text = held;
    held = '';
    return { text };
  };
  return {
    push: (event) => reader.push(event).map(hold),
    end(ended) {
      const last = reader.end(ended)?.map(hold);
      if (last === undefined) return null;
      const { finish } = last.at(-1) ?? {};
      const isWhole = !isProse && !hasCalls && (finish === 'stop' || finish === 'tool_calls');
      const call = isWhole ? safeCall(held, tools, asked.messages) : null;
      if (call === null) return [released(), ...last];
      const { name } = call;
      const id = createCallIds(asked.messages).recoveredId();
      const args = JSON.stringify(call.arguments);
      held = '';
      return [
        ...last.slice(0, -1),
        { calls: [{ index: 0, id, name, arguments: '' }] },
        { calls: [{ index: 0, arguments: args }] },
        { finish: 'tool_calls' },
      ];
    },
    get hasEnded() {
      return reader.hasEnded;
    },
    get heldBytes() {
      return reader.heldBytes + Buffer.byteLength(held);
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
