// `seed finish`, for an agent whose answer is to be a value: hands it in at the guest (proxy.ts), which has the
// server judge it, as the tool `finish` does. A program of its own, since few tasks have it. Installed by
// cli-host.ts.
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { env } from '../lib/env.ts';
import { OUTPUT_PATH } from '../protocol/guest-wire.ts';

const USAGE = `Usage: seed finish --json '{…}' | --json - | --json @file
Gives the answer of this task, which ends it: JSON that fits its schema. - reads standard input.`;
const STDIN = 0;

function ask(method: 'GET' | 'POST', body = ''): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(`${env('SEED_API_URL')}${OUTPUT_PATH}`, { method }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
      answer.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Null: help was asked for. Throws for anything that is no answer. */
function answerIn(args: readonly string[]): string | null {
  if (args.includes('--help') || args.includes('-h')) return null;
  const [first = '', second] = args;
  const typed = first.startsWith('--json=')
    ? first.slice('--json='.length)
    : first === '--json'
      ? second
      : undefined;
  const more = first === '--json' ? 2 : 1;
  if (typed === undefined || args.length > more) throw new Error(`--json is missing, or more was given\n${USAGE}`);
  if (typed === '-') return readFileSync(STDIN, 'utf8');
  return typed.startsWith('@') ? readFileSync(typed.slice(1), 'utf8') : typed;
}

/** Resolves with the exit code. */
async function finish(args: readonly string[]): Promise<number> {
  const answer = answerIn(args);
  const { status, text } = answer === null ? await ask('GET') : await ask('POST', answer);
  if (status !== 200) throw new Error(`the answer could not be handed in: ${text.slice(0, 500)}`);
  if (answer === null) {
    process.stdout.write(`${USAGE}\n\nThe schema:\n${text}\n`);
    return 0;
  }
  const { isTaken, says } = JSON.parse(text) as { isTaken: boolean; says: string };
  (isTaken ? process.stdout : process.stderr).write(`${says}\n`);
  return isTaken ? 0 : 1;
}

process.exitCode = await finish(process.argv.slice(2)).catch((error: Error) => {
  process.stderr.write(`seed: ${error.message}\n`);
  return 1;
});
