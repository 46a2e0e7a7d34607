// Remembers how the last call to the LLM went, as it went over the link: Pi's own wording loses what the upstream said.

const MESSAGE_BYTES = 8 * 1024;

export interface LlmWatch {
  /** What the server said about the last call; null when it went well or said nothing. */
  failure(): string | null;
  /** Called for each answer to Pi; the returned function takes the parts of its body, then null. */
  answered(status: number): (chunk: Buffer | null) => void;
}

export function createLlmWatch(): LlmWatch {
  let failure: string | null = null;
  return {
    failure: () => failure,
    answered(status) {
      failure = null;
      if (status < 400) return () => undefined;
      let body = '';
      failure = `the LLM gateway answered ${status}`;
      return (chunk) => {
        if (chunk !== null) body = (body + chunk.toString('utf8')).slice(0, MESSAGE_BYTES);
        else failure = messageOf(body) ?? failure;
      };
    },
  };
}

/** The message in an error body of the server or of an OpenAI-compatible upstream. */
function messageOf(body: string): string | null {
  try {
    const { error } = JSON.parse(body) as { error?: { message?: unknown } };
    return typeof error?.message === 'string' ? error.message : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
