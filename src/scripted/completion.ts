// Answers a chat completion request as OpenAI would, in JSON or as an event stream. Used by upstream.ts alone.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { SCRIPTED_MODEL } from '../protocol/model.ts';
import { answerAsValue, nextStep } from './next-step.ts';
import type { Playbook, Step } from './playbook.ts';

const Message = z.looseObject({
  role: z.string(),
  content: z.union([z.string(), z.array(z.looseObject({}))]).nullish(),
});
const Tool = z.looseObject({ function: z.looseObject({ name: z.string() }).optional().catch(undefined) });

/** The part of a request that is looked at; whatever else it has is ignored, as many upstreams do. */
export const CompletionRequest = z.looseObject({
  model: z.literal(SCRIPTED_MODEL),
  messages: z.array(Message).min(1),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  tools: z.array(Tool).nullish(),
});
type CompletionRequest = z.infer<typeof CompletionRequest>;

const NO_BASH = 'The model `scripted` acts through a tool named `bash`, and this request offers none.';
/** Length of one text chunk of a stream. */
const CHUNK_CHARACTERS = 1_000;
const BYTES_PER_TOKEN = 4;

/** A call of a tool, or text. */
type Said = { kind: 'call'; name: string; args: string } | { kind: 'text'; text: string };

interface Completion {
  /** The same request gets the same id, another step of the same conversation gets another. */
  id: string;
  created: number;
  said: Said;
  usage: { prompt_tokens: number; completion_tokens: number; total_tokens: number };
}

/** @param now in milliseconds since 1970 */
export function complete(
  request: CompletionRequest,
  playbooks: readonly Playbook[],
  now: number,
): { contentType: string; body: string } {
  const { messages, tools, stream, stream_options: options } = request;
  const offered = (tools ?? []).flatMap((tool) => tool.function?.name ?? []);
  const said = saidOf(nextStep(messages, playbooks), messages, offered);
  const completion: Completion = {
    id: createHash('sha256').update(JSON.stringify(messages)).digest('hex').slice(0, 24),
    created: Math.floor(now / 1000),
    said,
    usage: usageOf(request, said),
  };
  if (!stream) return { contentType: 'application/json', body: JSON.stringify(asJson(completion)) };
  const chunks = asChunks(completion, options?.include_usage === true);
  const events = [...chunks.map((chunk) => JSON.stringify(chunk)), '[DONE]'];
  const body = events.map((event) => `data: ${event}\n\n`).join('');
  return { contentType: 'text/event-stream; charset=utf-8', body };
}

/** Token counts made from the length of the texts: the same for the same text. */
function saidOf(step: Step, messages: CompletionRequest['messages'], offered: readonly string[]): Said {
  if (step.kind === 'bash') {
    if (!offered.includes('bash')) return { kind: 'text', text: NO_BASH };
    return { kind: 'call', name: 'bash', args: JSON.stringify({ command: step.command }) };
  }
  const value = offered.includes('finish') ? answerAsValue(messages, step.text) : null;
  return value === null ? { kind: 'text', text: step.text } : { kind: 'call', name: 'finish', args: value };
}

function usageOf({ messages, tools }: CompletionRequest, said: Said): Completion['usage'] {
  const tokens = (text: string) => Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN);
  const prompt = tokens(JSON.stringify([messages, tools ?? []]));
  // At least one, however short the text.
  const completion = Math.max(1, tokens(said.kind === 'call' ? said.args : said.text));
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

function header({ id, created }: Completion, object: string) {
  return { id: `chatcmpl-${id}`, object, created, model: SCRIPTED_MODEL };
}

function toolCall(id: string, { name, args }: Said & { kind: 'call' }) {
  return { id: `call_${id}`, type: 'function', function: { name, arguments: args } };
}

const finishReason = ({ kind }: Said) => (kind === 'call' ? 'tool_calls' : 'stop');

function asJson(completion: Completion): object {
  const { id, said, usage } = completion;
  const message =
    said.kind === 'call'
      ? { role: 'assistant', content: null, refusal: null, tool_calls: [toolCall(id, said)] }
      : { role: 'assistant', content: said.text, refusal: null };
  return {
    ...header(completion, 'chat.completion'),
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason(said) }],
    usage,
  };
}

function asChunks(completion: Completion, tellsUsage: boolean): object[] {
  const { id, said, usage } = completion;
  const head = header(completion, 'chat.completion.chunk');
  const choice = (delta: object, finish_reason: string | null = null) => ({
    ...head,
    choices: [{ index: 0, delta, logprobs: null, finish_reason }],
    ...(tellsUsage && { usage: null }),
  });
  const deltas =
    said.kind === 'call'
      ? [{ tool_calls: [{ index: 0, ...toolCall(id, said) }] }]
      : splitText(said.text).map((content) => ({ content }));
  return [
    choice({ role: 'assistant', content: said.kind === 'call' ? null : '' }),
    ...deltas.map((delta) => choice(delta)),
    choice({}, finishReason(said)),
    ...(tellsUsage ? [{ ...head, choices: [], usage }] : []),
  ];
}

/** By whole characters, so that no chunk ends in the middle of one. */
function splitText(text: string): string[] {
  const characters = [...text];
  const chunks: string[] = [];
  for (let from = 0; from < characters.length; from += CHUNK_CHARACTERS) {
    chunks.push(characters.slice(from, from + CHUNK_CHARACTERS).join(''));
  }
  return chunks;
}
