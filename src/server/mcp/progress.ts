// Tells a client that waits for a tool how it goes on. Used by the tools that wait.
import type { ServerContext } from '@modelcontextprotocol/server';

/** Sends notifications/progress, when the client has asked for them. */
export function progressTo(ctx: ServerContext): (message: string) => Promise<void> {
  const progressToken = ctx.mcpReq._meta?.progressToken;
  let progress = 0;
  return async (message) => {
    if (progressToken === undefined) return;
    progress += 1;
    const params = { progressToken, progress, message };
    await ctx.mcpReq.notify({ method: 'notifications/progress', params });
  };
}
