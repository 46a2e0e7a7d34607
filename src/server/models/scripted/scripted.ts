// The model `scripted`: no language model, but a few fixed rules that need no network and no key, so that demo and tests
// run anywhere. It keeps no state: like any model it decides from the messages of the request alone.
//   1. Fenced ```bash blocks in the instruction are run in order; the last one's output is the answer.
//   2. A playbook that recognises the instruction plays.
//   3. Anything else is answered with what it is and how to set a real model.
import type { CallMeter } from '../call-meter.ts';
import type { ChatRequest } from '../chat-request.ts';
import { readConversation } from './conversation.ts';
import { fencedCommands, nextFencedStep } from './fenced-blocks.ts';
import { jsonCompletion, openAiUsage, streamCompletion } from './openai-answer.ts';
import { type Playbook, replay } from './playbook.ts';
import { PLAYBOOKS } from './playbooks.ts';
import type { Step } from './step.ts';
import { countUsage } from './tokens.ts';

export const SCRIPTED_MODEL = 'scripted';

function whatItIs(playbooks: readonly Playbook[]): string {
  return [
    'The model `scripted` is not a language model and does not understand this instruction.',
    'It runs fenced ```bash blocks of an instruction one after the other, and it knows these instructions by heart:',
    ...playbooks.map(({ example }) => `- ${example}`),
    'For anything else, start the server with SEED_LLM_BASE_URL (and SEED_LLM_API_KEY) set to an OpenAI-compatible endpoint, or with OPENROUTER_API_KEY.',
  ].join('\n');
}

const NO_BASH = 'The model `scripted` acts through a tool named `bash`, and this request offers none.';

/** The next step of a conversation. */
export function scriptedStep(
  messages: ChatRequest['messages'],
  playbooks: readonly Playbook[] = PLAYBOOKS,
): Step {
  const conversation = readConversation(messages);
  const { instruction, results } = conversation;
  const commands = fencedCommands(instruction);
  if (commands.length > 0) return nextFencedStep(commands, results);
  const playbook = playbooks.find((candidate) => candidate.recognises(instruction));
  if (playbook) return replay(playbook, conversation);
  return { kind: 'answer', text: whatItIs(playbooks) };
}

function offersBash(request: ChatRequest): boolean {
  return (request.tools ?? []).some(
    ({ function: tool }) =>
      typeof tool === 'object' && tool !== null && 'name' in tool && tool.name === 'bash',
  );
}

/** Answers a request as OpenAI would: an event stream or JSON. The usage is recorded before the answer is given. */
export async function scriptedCompletion(
  request: ChatRequest,
  {
    playbooks,
    now,
    meter,
    onEnd,
  }: { playbooks: readonly Playbook[]; now: Date; meter: CallMeter; onEnd(): Promise<void> },
): Promise<Response> {
  const wanted = scriptedStep(request.messages, playbooks);
  const step: Step =
    wanted.kind === 'bash' && !offersBash(request) ? { kind: 'answer', text: NO_BASH } : wanted;
  const usage = countUsage(request, step);
  meter.sent();
  meter.answered({ model: SCRIPTED_MODEL, usage: openAiUsage(usage) });
  meter.finished();
  await onEnd();
  const completion = { model: SCRIPTED_MODEL, request, step, usage, now };
  return request.stream ? streamCompletion(completion) : jsonCompletion(completion);
}
