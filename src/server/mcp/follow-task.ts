// Waits for a task's end over its events, and tells the client of each step. Used by runTask and getTask.
import type { ServerContext } from '@modelcontextprotocol/server';
import { linesOf } from '../../lib/read-stream.ts';
import type { TaskEvent } from '../../protocol/event.ts';
import type { Platform, PlatformCommand } from './platform.ts';

/** Comes back when the task has ended, the time is over or the client has gone. */
export async function followTask(
  platform: Platform,
  events: PlatformCommand,
  { id, waitSeconds }: { id: string; waitSeconds: number },
  ctx: ServerContext,
): Promise<void> {
  const over = AbortSignal.any([ctx.mcpReq.signal, AbortSignal.timeout(waitSeconds * 1000)]);
  const tell = progressTo(ctx);
  try {
    const response = await platform.call(events, { id }, { signal: over });
    // Whoever waits looks at the task next, which tells what is wrong.
    if (!response.ok) return;
    for await (const line of linesOf(response.body ?? new ReadableStream())) {
      const step = describe(JSON.parse(line) as TaskEvent);
      if (step !== null) await tell(step);
    }
  } catch (error) {
    if (!over.aborted) throw error;
  }
}

type Tell = (message: string) => Promise<void>;

/** Sends notifications/progress, when the client has asked for them. */
function progressTo(ctx: ServerContext): Tell {
  const progressToken = ctx.mcpReq._meta?.progressToken;
  let progress = 0;
  return async (message) => {
    if (progressToken === undefined) return;
    progress += 1;
    await ctx.mcpReq.notify({
      method: 'notifications/progress',
      params: { progressToken, progress, message },
    });
  };
}

const LINE_CHARACTERS = 200;

/** One line for a step worth telling; null for the rest. */
function describe(event: TaskEvent): string | null {
  switch (event.type) {
    case 'status':
      return event.phase === null ? event.status : `${event.status}: ${event.phase}`;
    case 'text':
      return firstLine(event.text);
    case 'tool_call':
      return firstLine(`${event.tool} ${String(Object.values(event.input)[0] ?? '')}`);
    case 'command':
      return `seed ${event.command} (${event.status ?? 'unknown'})`;
    default:
      return null;
  }
}

function firstLine(text: string): string {
  return text.trim().split('\n', 1).join('').slice(0, LINE_CHARACTERS);
}
