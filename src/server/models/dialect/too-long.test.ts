import { describe, expect, it } from 'vitest';
import { saysTooLong } from './too-long.ts';

const asks = (status: number | null, text: string, codes: string[] = []) => saysTooLong({ status, text, codes });

describe('a request that is too long', () => {
  it.each<[string, number | null, string, string[]?]>([
    ['OpenAI, by its code', 400, 'Sorry.', ['invalid_request_error', 'context_length_exceeded']],
    [
      'OpenAI',
      400,
      "This model's maximum context length is 128000 tokens. However, your messages resulted in 204308 tokens. Please reduce the length of the messages.",
    ],
    [
      'OpenAI Responses',
      400,
      'Your input exceeds the context window of this model. Please adjust your input and try again.',
    ],
    [
      'OpenAI, more than a minute may have',
      429,
      'Request too large for gpt-4o in organization org-1 on tokens per min (TPM): Limit 30000, Requested 41234. The input or output tokens must be reduced in order to run successfully.',
      ['rate_limit_exceeded'],
    ],
    [
      'Groq, more than a minute may have',
      413,
      'Request too large for model `llama` in organization `org_1` on tokens per minute (TPM): Limit 6000, Requested 7221, please reduce your message size and try again.',
      ['rate_limit_exceeded'],
    ],
    ['Groq', 400, 'Please reduce the length of the messages or completion.'],
    [
      'Cerebras',
      400,
      'Please reduce the length of the messages or completion. Current length is 8264 while limit is 8192',
    ],
    [
      'llama-server',
      400,
      'request (25837 tokens) exceeds the available context size (25088 tokens), try increasing it',
      ['400', 'exceed_context_size_error'],
    ],
    [
      'llama-server, older',
      500,
      'the request exceeds the available context size. try increasing the context size or enable context shift',
    ],
    ['llama-server within a stream', null, 'Context size has been exceeded.'],
    ['llama.cpp, oldest', 400, 'Input prompt is too big compared to KV size. Please try increasing KV size.'],
    ['llama-cpp-python', 400, 'Requested tokens (2285) exceed context window of 2048'],
    ['ds4', 400, 'Prompt tokens (9000) exceeds context size (8192)', ['context_exceeded']],
    [
      'ds4, later',
      400,
      'Prompt has 9,000 tokens, but the configured context size is 8,192 tokens',
      ['context_exceeded'],
    ],
    ['Ollama', 400, 'the input length exceeds the context length'],
    ['Ollama Cloud', 400, 'prompt too long; exceeded max context length by 5321 tokens'],
    ['Ollama, one of its runners', 500, 'input length exceeds maximum context length'],
    [
      'vLLM',
      400,
      "This model's maximum context length is 16384 tokens. However, you requested 122946 tokens (112946 in the messages, 10000 in the completion). Please reduce the length of the messages or completion.",
    ],
    [
      'vLLM, by its engine',
      400,
      'The decoder prompt (length 9000) is longer than the maximum model length of 8192. Make sure that `max_model_len` is no smaller than the number of text tokens.',
    ],
    ['vLLM, with nothing left to answer in', 400, 'max_tokens must be at least 1, got -186.'],
    ['SGLang', 400, "The input (9000 tokens) is longer than the model's context length (8192 tokens)."],
    [
      'SGLang, another',
      null,
      'Input length (600013 tokens) exceeds the maximum allowed length (536826 tokens). Use a shorter input or enable --allow-auto-truncate.',
    ],
    [
      'SGLang, with the answer',
      400,
      "Requested token count exceeds the model's maximum context length of 131072 tokens.",
    ],
    [
      'TGI',
      422,
      'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens and 20 `max_new_tokens`',
    ],
    [
      'TGI, the input alone',
      422,
      'Input validation error: `inputs` must have less than 4095 tokens. Given: 5000',
      ['validation'],
    ],
    [
      'LM Studio',
      400,
      'Trying to keep the first 15857 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens, which is not enough.',
    ],
    [
      'LM Studio, later',
      null,
      'The number of tokens to keep from the initial prompt is greater than the context length. Try to load the model with a larger context length, or provide a shorter input',
    ],
    ['Anthropic', 400, 'prompt is too long: 213462 tokens > 200000 maximum'],
    [
      'Anthropic, with the answer',
      400,
      'input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, decrease input length or `max_tokens` and try again',
    ],
    ['Anthropic, in bytes', 413, 'Request exceeds the maximum size', ['request_too_large']],
    ['Bedrock', 400, 'Input is too long for requested model.'],
    ['Gemini', 400, 'The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).'],
    ['Vertex', 400, 'The input token count is 40000 but model only supports up to 32768.'],
    [
      'OpenRouter',
      400,
      "This endpoint's maximum context length is 131072 tokens. However, you requested about 140000 tokens (139000 of text input, 1000 in the output). Please reduce the length of either one",
    ],
    [
      'OpenRouter, of Poolside',
      400,
      'Input length 270000 exceeds the maximum allowed input length of 262144 tokens.',
    ],
    [
      'Mistral',
      400,
      'Prompt contains 140000 tokens and 0 draft tokens, too large for model with 131072 maximum context length',
    ],
    [
      'Cohere',
      400,
      'too many tokens: total number of tokens (prompt and prediction) cannot exceed 4081 - received 4500. Try using a shorter prompt',
    ],
    ['xAI', 400, "This model's maximum prompt length is 131072 but the request contains 537812 tokens."],
    ['Kimi', 400, 'Invalid request: Your request exceeded model token limit: 8192 (requested: 9000)'],
    ['MiniMax', null, 'invalid params, context window exceeds limit (2013)', ['2013']],
    ['z.ai', 400, 'Prompt too long', ['1261']],
    ['Zhipu', 400, 'Prompt 超长'],
    ['DashScope', 400, 'Range of input length should be [1, 30720]', ['invalidparameter']],
    [
      'GitHub Models',
      413,
      'Request body too large for gpt-4o model. Max size: 8000 tokens.',
      ['tokens_limit_reached'],
    ],
    [
      'GitHub Copilot',
      400,
      'prompt token count of 140000 exceeds the limit of 128000',
      ['model_max_prompt_tokens_exceeded'],
    ],
    ['LiteLLM', 400, 'litellm.ContextWindowExceededError: litellm.BadRequestError: boom'],
    ['DeepInfra', 400, 'Requested input length 10000 exceeds maximum input length 8192'],
    [
      'Workers AI',
      413,
      'The estimated number of input and maximum output tokens (9000) exceeded this model context window limit (8000).',
    ],
    ['somebody', 400, 'The request is too long for this model'],
    ['somebody', 400, 'Your prompt has 9000 tokens, which exceeds the limit'],
    ['somebody', 500, 'This model accepts at most 8192 tokens'],
    ['a proxy, in bytes', 413, 'Request Entity Too Large'],
  ])('%s', (_, status, text, codes) => {
    expect(asks(status, text, codes)).toBe(true);
  });
});

describe('a refusal for another reason', () => {
  it.each<[string, number | null, string, string[]?]>([
    [
      'tokens per minute',
      429,
      'Rate limit reached for gpt-4o in organization org-1 on tokens per min (TPM): Limit 30000, Used 29000, Requested 2000. Please try again in 2s.',
      ['rate_limit_exceeded'],
    ],
    ['Bedrock throttles', 429, 'ThrottlingException: Too many tokens, please wait before trying again.'],
    [
      'tokens per day',
      429,
      'Rate limit reached for model on tokens per day (TPD): Limit 100000, Used 99990, Requested 500. Please try again in 7m12s.',
    ],
    [
      "Gemini's quota",
      429,
      'Quota exceeded for metric: generate_content_free_tier_input_token_count, limit: 250000. Please retry in 34.07s.',
      ['resource_exhausted'],
    ],
    [
      "Anthropic's rate",
      429,
      "This request would exceed your organization's rate limit of 40,000 input tokens per minute.",
    ],
    ['too many requests', 429, 'Too Many Requests'],
    [
      'credits for an answer',
      402,
      'This request requires more credits, or fewer max_tokens. You requested up to 64000 tokens, but can only afford 2666.',
    ],
    [
      'an answer longer than allowed',
      400,
      'max_tokens is too large: 32000. This model supports at most 16384 completion tokens, whereas you provided 32000.',
    ],
    ['an image', 400, 'The image is too large: 20 MB at most'],
    [
      'too many tools',
      400,
      'Invalid tools: array too long. Expected an array with maximum length 128, but got 200 tools; too many tools in the request',
    ],
    ['a bad key', 401, 'Incorrect API key provided'],
    ['an unknown field', 422, 'Extra inputs are not permitted'],
    ['an unknown model', 404, 'The model `x` does not exist'],
    ['a server that loads', 503, 'Loading model'],
    ['an overload', 529, 'Overloaded'],
    ['a wrong role', 400, 'messages: roles must alternate between "user" and "assistant"'],
  ])('%s', (_, status, text, codes) => {
    expect(asks(status, text, codes)).toBe(false);
  });
});
