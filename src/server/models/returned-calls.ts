// What an upstream wants to see again with its calls: Gemini a signature, Kimi its own numbers. Agents send back
// what the standard has, so the signature travels among the details of the reasoning, which they keep, and the
// number in the id; here both are put where the upstream looks for them. Called by chat-request.ts.
import { isRecord, parseJson } from '../../lib/json.ts';
import { CALL_DETAIL_FORMAT, nineOf, numberedId } from './dialect/call-ids.ts';

type Message = Record<string, unknown>;

/** Mistral takes no ids but those of nine letters and digits. */
const NINE_ALONE = /(?:mis|minis|magis|mix)tral|devstral|codestral|pixtral/i;

/** The messages as the model's upstream gets them; those without such calls stay the same objects. */
export function returnedMessages<Sent extends object>(messages: readonly Sent[], model: string): Sent[] {
  const ids = new Map<string, string>();
  return (messages as readonly Message[]).map((message) => {
    const { tool_calls: calls, tool_call_id: answered } = message;
    if (Array.isArray(calls) && message['role'] === 'assistant')
      return withOwnCalls(message, calls, { model, ids });
    if (typeof answered === 'string' && NINE_ALONE.test(model))
      return { ...message, tool_call_id: nineOf(answered) };
    if (typeof answered === 'string' && ids.has(answered)) return { ...message, tool_call_id: ids.get(answered) };
    return message;
  }) as Sent[];
}

function withOwnCalls(
  message: Message,
  calls: readonly unknown[],
  { model, ids }: { model: string; ids: Map<string, string> },
): Message {
  const details = Array.isArray(message['reasoning_details']) ? message['reasoning_details'] : [];
  const own = details.filter((detail) => isRecord(detail) && detail['format'] === CALL_DETAIL_FORMAT);
  const extras = new Map(own.map((detail) => [detail['id'], extraOf(detail['data'], model)]));
  const returned = calls.map((call) => {
    if (!isRecord(call) || typeof call['id'] !== 'string') return call;
    const { id } = call;
    const called = isRecord(call['function']) ? call['function']['name'] : null;
    const ownId = NINE_ALONE.test(model) ? nineOf(id) : numberedId(id, String(called));
    if (ownId !== null) ids.set(id, ownId);
    const extra = extras.get(id);
    return ownId === null && !extra ? call : { ...call, id: ownId ?? id, ...extra };
  });
  if (own.length === 0) return { ...message, tool_calls: returned };
  const { reasoning_details: _, ...rest } = message;
  const others = details.filter((detail) => !own.includes(detail));
  return { ...rest, tool_calls: returned, ...(others.length > 0 && { reasoning_details: others }) };
}

/** Another model than the one that made the call gets nothing of it. */
function extraOf(data: unknown, model: string): Record<string, unknown> | null {
  const kept = typeof data === 'string' ? parseJson(data) : null;
  return isRecord(kept) && kept['model'] === model && isRecord(kept['extra']) ? kept['extra'] : null;
}
