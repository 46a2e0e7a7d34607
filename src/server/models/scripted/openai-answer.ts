// Writes a step of the scripted model in the two forms of an OpenAI chat completion: JSON and an event stream.
import { createHash } from 'node:crypto';
import type { ChatRequest } from '../chat-request.ts';
import type { Step } from './step.ts';
import type { ScriptedUsage } from './tokens.ts';

export interface ScriptedCompletion {
  model: string;
  request: ChatRequest;
  step: Step;
  usage: ScriptedUsage;
  now: Date;
}

/** Length of one text chunk of a stream. */
const CHUNK_CHARACTERS = 1_000;

/** The same request gets the same ids, another step of the same conversation gets others. */
function fingerprint(request: ChatRequest): string {
  return createHash('sha256').update(JSON.stringify(request.messages)).digest('hex').slice(0, 24);
}

function header({ request, model, now }: ScriptedCompletion, object: string) {
  return { id: `chatcmpl-${fingerprint(request)}`, object, created: Math.floor(now.getTime() / 1000), model };
}

export function openAiUsage({ inputTokens, outputTokens }: ScriptedUsage) {
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
  };
}

function toolCall(request: ChatRequest, command: string) {
  const id = `call_${fingerprint(request)}`;
  return { id, type: 'function', function: { name: 'bash', arguments: JSON.stringify({ command }) } };
}

function finishReason(step: Step): string {
  return step.kind === 'bash' ? 'tool_calls' : 'stop';
}

function splitText(text: string): string[] {
  const characters = [...text];
  const count = Math.ceil(characters.length / CHUNK_CHARACTERS);
  return Array.from({ length: count }, (_, index) =>
    characters.slice(index * CHUNK_CHARACTERS, (index + 1) * CHUNK_CHARACTERS).join(''),
  );
}

export function jsonCompletion(completion: ScriptedCompletion): Response {
  const { step, request, usage } = completion;
  const message =
    step.kind === 'bash'
      ? { role: 'assistant', content: null, refusal: null, tool_calls: [toolCall(request, step.command)] }
      : { role: 'assistant', content: step.text, refusal: null };
  return Response.json({
    ...header(completion, 'chat.completion'),
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason(step) }],
    usage: openAiUsage(usage),
  });
}

export function streamCompletion(completion: ScriptedCompletion): Response {
  const { step, request, usage } = completion;
  const head = header(completion, 'chat.completion.chunk');
  const choice = (delta: object, finish_reason: string | null = null) => ({
    ...head,
    choices: [{ index: 0, delta, logprobs: null, finish_reason }],
    usage: null,
  });
  const deltas =
    step.kind === 'bash'
      ? [{ tool_calls: [{ index: 0, ...toolCall(request, step.command) }] }]
      : splitText(step.text).map((content) => ({ content }));
  const events = [
    choice({ role: 'assistant', content: step.kind === 'bash' ? null : '' }),
    ...deltas.map((delta) => choice(delta)),
    choice({}, finishReason(step)),
    { ...head, choices: [], usage: openAiUsage(usage) },
  ];
  const text = events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('');
  return new Response(`${text}data: [DONE]\n\n`, {
    headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' },
  });
}
