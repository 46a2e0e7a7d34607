// What REST refuses, as MCP tells it beside the tools. Used by the resources and the prompts.
import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import { SeedError } from '../../protocol/errors.ts';
import { errorText } from './tool.ts';

/** What REST refuses is an error of the protocol here. */
export async function asked<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof SeedError)) throw error;
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, errorText(error), { code: error.code });
  }
}

/** A task that is not there, or an id that can be none's, names nothing that is there. */
export function nullIfNotThere(error: unknown): null {
  const data = error instanceof ProtocolError ? (error.data as { code?: string } | undefined) : undefined;
  if (data?.code === 'not_found' || data?.code === 'invalid_input') return null;
  throw error;
}
