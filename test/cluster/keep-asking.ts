// Callers that go on asking while something is replaced beneath them, each time over a connection of its own. Used by
// the chart's test.
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const PAUSE_MS = 100;

export interface Asked {
  /** How often the answer was 200. */
  answered: number;
  /** Every other answer, and every error. */
  refused: unknown[];
}

/** One after the other until `stop`, which tells how it went. */
export function keepAsking(url: string, key: string): { stop(): Promise<Asked> } {
  let stopped = false;
  const asked: Asked = { answered: 0, refused: [] };
  const asking = (async () => {
    while (!stopped) {
      const answer = await ask(url, key).catch((error: unknown) => error);
      if (answer === 200) asked.answered += 1;
      else asked.refused.push(answer);
      await sleep(PAUSE_MS);
    }
    return asked;
  })();
  return {
    stop: () => {
      stopped = true;
      return asking;
    },
  };
}

function ask(url: string, key: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, headers: { authorization: `Bearer ${key}` } }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    });
    request.on('error', reject);
  });
}
