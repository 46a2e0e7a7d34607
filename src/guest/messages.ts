// Messages to the task while its agent works: asked for all the time, and given to it at its next turn. Used by
// run-task.ts and run-agent.ts.
import { setTimeout as delay } from 'node:timers/promises';
import type { AgentSession } from '@earendil-works/pi-coding-agent';
import { parseJson } from '../lib/json.ts';
import type { GuestMessages } from '../protocol/guest.ts';
import type { EventQueue } from './event-queue.ts';
import { isFinal, type Link, type LinkAnswer } from './link.ts';
import { textOf } from './tool-answers.ts';

const AGAIN_MS = 1_000;

export interface Messages {
  /** What came too late for the agent's last turn, as one text; null: nothing. Asks the server for the last. */
  late(): Promise<string | null>;
  /** Asks for no more. */
  stop(): void;
}

export function readMessages(link: Link, session: AgentSession, events: EventQueue): Messages {
  const stopped = new AbortController();
  const { signal } = stopped;
  /** Which the agent is given at its next turn. */
  const waiting: string[] = [];
  let count = 0;
  const told = (number: number) =>
    events.push({
      type: 'diagnostic',
      text: `The agent reads ${number === 1 ? 'a message' : `${number} messages`}.`,
    });
  const unsubscribe = session.subscribe((event) => {
    if (event.type !== 'message_end' || event.message.role !== 'user') return;
    const at = waiting.indexOf(textOf(event.message));
    if (at === -1) return;
    waiting.splice(at, 1);
    told(1);
  });
  /** @param after so many they were asked behind: others may have come in between */
  const take = (texts: readonly string[], after: number) => {
    for (const text of texts.slice(count - after)) {
      count += 1;
      waiting.push(text);
      session.agent.steer({ role: 'user', content: [{ type: 'text', text }], timestamp: Date.now() });
    }
  };
  const ask = async (how: string): Promise<LinkAnswer | null> => {
    const after = count;
    const answer = await link.get(`/messages?after=${after}${how}`, signal).catch(() => null);
    if (answer?.status === 200) take(messagesIn(answer.body), after);
    return answer;
  };
  void (async () => {
    while (!signal.aborted) {
      const answer = await ask('');
      // It was given up, the link is over, or this is a rehearsal.
      if (answer === null || (answer.status !== 200 && isFinal(answer))) return;
      if (answer.status !== 200) await delay(AGAIN_MS, null, { signal }).catch(() => undefined);
    }
  })();
  return {
    async late() {
      await ask('&now');
      if (waiting.length === 0) return null;
      session.agent.clearSteeringQueue();
      const all = waiting.splice(0);
      told(all.length);
      return all.join('\n\n');
    },
    stop() {
      stopped.abort();
      unsubscribe();
    },
  };
}

function messagesIn(body: Buffer): string[] {
  return (parseJson(body.toString('utf8')) as GuestMessages | undefined)?.messages ?? [];
}
