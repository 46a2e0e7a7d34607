// The server as a guest's requests are sent to it: over HTTP, with the task key attached. Used by task-run.ts.
import { type Dispatcher, request as send } from 'undici';
import type { Upstream } from '../relay/forward.ts';
import { untilAborted } from '../relay/patience.ts';
import { noAnswer, readServerAnswer, type ServerAnswer, type ServerRequest } from '../relay/server-answer.ts';

const NOT_AUTHENTICATED = 401;

interface UpstreamParts {
  serverUrl: string;
  taskKey: string;
  dispatcher: Dispatcher;
  isLost?: Upstream['isLost'];
}

/**
 * Where the task's key is refused because the task has another runner, its guest asks that one: it is told nothing
 * here, and what is asked rejects when its signal is aborted.
 */
export function createUpstream({ serverUrl, taskKey, dispatcher, isLost }: UpstreamParts): Upstream {
  async function askServer(
    { target, method, isCompletion, headers, body }: ServerRequest,
    signal: AbortSignal,
  ): Promise<ServerAnswer> {
    // A model may think for minutes; the task's deadline ends what hangs.
    const answer = await send(serverUrl + target, {
      ...{ method: method as Dispatcher.HttpMethod, body, dispatcher, signal, headersTimeout: 0, bodyTimeout: 0 },
      headers: { ...headers, authorization: `Bearer ${taskKey}` },
    }).catch(noAnswer);
    // What is dropped before its end fails: nobody reads it any more.
    answer.body.on('error', () => undefined);
    const begun = {
      status: answer.statusCode,
      headers: answer.headers,
      chunks: answer.body[Symbol.asyncIterator]() as AsyncIterator<Buffer>,
      drop: () => void answer.body.destroy(),
    };
    return readServerAnswer(begun, isCompletion);
  }

  return {
    async ask(request, signal) {
      const answer = await askServer(request, signal);
      if (answer.status !== NOT_AUTHENTICATED || isLost === undefined || !(await isLost())) return answer;
      answer.drop();
      return untilAborted(signal);
    },
    ...(isLost && { isLost }),
  };
}
