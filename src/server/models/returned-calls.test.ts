// What comes with a call goes back with it, to the model that made it and to no other.
import { describe, expect, test } from 'vitest';
import type { AnswerPiece } from './dialect/answer-piece.ts';
import { createNormaliser } from './dialect/normaliser.ts';
import { returnedMessages } from './returned-calls.ts';

const tools = [{ type: 'function', function: { name: 'bash' } }];

/** The messages that an agent sends next, which keeps what the standard has and the details of the reasoning. */
function nextMessages(delta: object): Record<string, unknown>[] {
  const normaliser = createNormaliser({ request: { messages: [], tools }, model: 'm', toolCalls: 'native' });
  const pieces: AnswerPiece[] = normaliser.push({ choices: [{ delta, finish_reason: 'tool_calls' }] });
  pieces.push(...(normaliser.end({ done: true }) ?? []));
  const parts = pieces.flatMap(({ calls = [] }) => calls);
  const id = parts.find((part) => part.id !== undefined)?.id;
  const called = { name: 'bash', arguments: parts.map((part) => part.arguments).join('') };
  const details = pieces.flatMap(({ reasoningDetails }) => reasoningDetails ?? []);
  return [
    { role: 'user', content: 'go' },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id, type: 'function', function: called }],
      ...(details.length > 0 && { reasoning_details: details }),
    },
    { role: 'tool', tool_call_id: id, content: 'done' },
  ];
}

const callWith = (more: object) => ({
  tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'bash', arguments: '{}' }, ...more }],
});
const callOf = (messages: readonly object[]) =>
  (messages[1] as { tool_calls: Record<string, unknown>[] }).tool_calls[0] ?? {};

describe('what an upstream wants to see again', () => {
  test.each([
    ['extra_content', { google: { thought_signature: 'c2ln' } }],
    ['provider_specific_fields', { thought_signature: 'c2ln' }],
    ['thought_signature', 'c2ln'],
  ])('%s', (field, value) => {
    const sent = nextMessages(callWith({ [field]: value }));
    expect(callOf(sent)).not.toHaveProperty(field);
    const back = returnedMessages(sent, 'm');
    expect(callOf(back)).toMatchObject({ id: callOf(sent)['id'], [field]: value });
    expect(back[1]).not.toHaveProperty('reasoning_details');
    const other = returnedMessages(sent, 'another');
    expect(callOf(other)).toEqual(callOf(sent));
    expect(other[1]).not.toHaveProperty('reasoning_details');
  });

  test('the signature that LiteLLM hides in an id', () => {
    const sent = nextMessages(callWith({ id: 'call_1__thought__c2ln/+=' }));
    expect(callOf(sent)['id']).toMatch(/^[A-Za-z0-9]{9}$/);
    const fields = { provider_specific_fields: { thought_signature: 'c2ln/+=' } };
    expect(callOf(returnedMessages(sent, 'm'))).toMatchObject(fields);
  });

  test("the details of the upstream's own reasoning stay", () => {
    const own = { type: 'reasoning.encrypted', data: 'x' };
    const sent = nextMessages({ ...callWith({ extra_content: { a: 1 } }), reasoning_details: [own] });
    expect(returnedMessages(sent, 'm')[1]).toMatchObject({ reasoning_details: [own] });
  });

  test("Kimi's numbers, in the call and in its result", () => {
    const sent = nextMessages(callWith({ id: 'functions.bash:12' }));
    expect(callOf(sent)['id']).toMatch(/^[A-Za-z0-9]{9}$/);
    const back = returnedMessages(sent, 'kimi-k2');
    expect(callOf(back)).toMatchObject({ id: 'functions.bash:12' });
    expect(back[2]).toMatchObject({ tool_call_id: 'functions.bash:12' });
    expect(returnedMessages(sent, 'mistralai/devstral-2')).toEqual(sent);
  });

  test("for Mistral, ids of another upstream's calls in nine letters and digits, in the call and in its result", () => {
    const sent = nextMessages(callWith({ id: 'call_1' }));
    expect(callOf(sent)['id']).toBe('call_1');
    const back = returnedMessages(sent, 'mistralai/mistral-large');
    expect(callOf(back)['id']).toMatch(/^[A-Za-z0-9]{9}$/);
    expect(back[2]).toMatchObject({ tool_call_id: callOf(back)['id'] });
    expect(returnedMessages(sent, 'mistralai/mistral-large')).toEqual(back);
  });

  test('of all other calls nothing changes', () => {
    const sent = nextMessages(callWith({}));
    expect(returnedMessages(sent, 'm')).toEqual(sent);
  });
});
