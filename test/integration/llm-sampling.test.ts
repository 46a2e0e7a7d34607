// How answers are chosen: what the gateway puts into a request, and what it leaves out because an upstream refuses it.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ModelProfile, USUAL_PROFILE } from '../../src/server/models/model-profile.ts';
import { type GatewayServer, startGateway } from '../fixtures/llm-gateway-server.ts';
import { llmSettings } from '../fixtures/llm-settings.ts';
import {
  answer,
  type Behaviour,
  completion,
  type LlmUpstream,
  startLlmUpstream,
} from '../fixtures/llm-upstream.ts';

let upstream: LlmUpstream;
let server: GatewayServer;
let profile: ModelProfile;
beforeAll(async () => {
  upstream = await startLlmUpstream();
});
afterAll(() => upstream?.close());
beforeEach(async () => {
  profile = { ...USUAL_PROFILE, sampling: { temperature: 0.2, top_p: 0.9 } };
  upstream.requests.length = 0;
  upstream.behave(completion('hello'));
  const settings = llmSettings({ baseUrl: upstream.baseUrl, defaultModels: ['m'] });
  server = await startGateway('m', { settings, profileOf: () => profile });
});
afterEach(() => server?.close());

const ask = (more: object = {}) =>
  server.client.chat.completions.create({ model: 'm', messages: [{ role: 'user', content: 'hi' }], ...more });
const sent = () => upstream.requests.map(({ body }) => body);
const refusing = (message: string): Behaviour => answer(400, JSON.stringify({ error: { message } }));

describe('what is known of a model', () => {
  it('is put into a request that does not say it', async () => {
    await ask();
    expect(sent()).toMatchObject([{ temperature: 0.2, top_p: 0.9 }]);
  });

  it('is left to what the request says', async () => {
    await ask({ temperature: 1.5 });
    expect(sent()).toMatchObject([{ temperature: 1.5, top_p: 0.9 }]);
  });

  it('names the limit of the answer as the model takes it', async () => {
    profile = { ...profile, maxTokensField: 'max_completion_tokens' };
    await ask({ max_tokens: 100 });
    expect(sent()[0]).toMatchObject({ max_completion_tokens: 100 });
    expect(sent()[0]).not.toHaveProperty('max_tokens');
  });
});

describe('what an upstream refuses of that', () => {
  it('is left out at once, and from then on', async () => {
    upstream.behave(
      refusing(
        "Unsupported value: 'temperature' does not support 0.2 with this model. Only the default is supported.",
      ),
      completion('hello'),
    );
    const said = await ask();
    expect(said.choices[0]?.message.content).toBe('hello');
    await ask();
    expect(sent().map(({ temperature, top_p }) => [temperature, top_p])).toEqual([
      [0.2, 0.9],
      [undefined, 0.9],
      [undefined, 0.9],
    ]);
    expect(server.recorded.map(({ call }) => call.costSource)).toEqual(['none', 'unknown', 'unknown']);
  });

  it('one after the other, until none is left', async () => {
    upstream.behave(
      refusing('temperature is not supported'),
      refusing('top_p is not supported'),
      completion('hello'),
    );
    await ask();
    expect(sent().at(-1)).not.toHaveProperty('top_p');
    expect(sent()).toHaveLength(3);
  });

  it('goes by the other name, where it says that it takes that', async () => {
    upstream.behave(
      refusing(
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
      ),
      completion('hello'),
    );
    await ask({ max_tokens: 100 });
    expect(sent()[1]).toMatchObject({ max_completion_tokens: 100 });
    expect(sent()[1]).not.toHaveProperty('max_tokens');
  });

  it('is the caller’s to hear when the caller had said it, and asked once', async () => {
    upstream.behave(refusing("'temperature' does not support 1.5 with this model"));
    await expect(ask({ temperature: 1.5 })).rejects.toThrow(/does not support 1\.5/);
    expect(sent()).toHaveLength(1);
  });

  it('is nothing that another refusal only mentions in part', async () => {
    upstream.behave(refusing('the temperatures in the tool are wrong'));
    await expect(ask()).rejects.toThrow(/are wrong/);
    expect(sent()).toHaveLength(1);
  });
});
