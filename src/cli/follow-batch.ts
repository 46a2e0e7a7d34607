// After a batch was made: shows how many of its rows are done until it has ended. Used by run.ts.
import { isRecord } from '../lib/json.ts';
import type { Batch } from '../protocol/batch.ts';
import type { Manifest, ManifestCommand } from '../protocol/manifest.ts';
import { printJson } from './answer-view.ts';
import type { Api } from './api.ts';
import { EXIT, type Io, isSeedError } from './io.ts';
import { streamItems } from './stream.ts';
import { sanitiseLine, styleFor } from './terminal.ts';

interface FollowedBatch {
  id: string;
  /** `batches watch` */
  stream: ManifestCommand;
}

const TRIES_MOST = 20;
const TRY_AGAIN_MS = 3_000;

/** What to follow after this answer; null when it names no batch or the key may not watch it. */
export function followedBatch(
  manifest: Manifest,
  command: ManifestCommand,
  answer: unknown,
): FollowedBatch | null {
  const stream = manifest.commands.find(({ name }) => name === command.follow);
  const id = isRecord(answer) && isRecord(answer['batch']) ? answer['batch']['id'] : null;
  return typeof id === 'string' && stream ? { id, stream } : null;
}

/** Follows to the end and returns the exit code. Ctrl-C leaves the batch going on and returns 130. */
export async function followBatch(
  io: Io,
  api: Api,
  { id, stream }: FollowedBatch,
  { json, quiet }: { json: boolean; quiet: boolean },
): Promise<number> {
  const interruption = new AbortController();
  const withdraw = io.onInterrupt(() => interruption.abort());
  const style = styleFor(io.stderr, io);
  const call = { io, api, command: stream, input: { id } };
  // A line that is written over, where there is a terminal.
  const [before, behind] = io.stderr.isTerminal ? ['\r\u001b[K', ''] : ['', '\n'];
  if (!quiet) io.stderr.write(`${style.dim(`batch ${id}`)}\n`);
  try {
    let last: { text: string; batch: Batch } | null = null;
    for (let tries = 0; last === null || last.batch.completedAt === null; tries += 1) {
      try {
        for await (const { text, item } of streamItems(call, { seq: null }, interruption.signal)) {
          const isNews = last?.text !== text;
          last = { text, batch: item as Batch };
          tries = 0;
          if (!quiet && isNews && io.stderr.isTerminal) io.stderr.write(`${before}${progress(last.batch)}`);
        }
      } catch (error) {
        const mayPass = isSeedError(error) && ['unreachable', 'unavailable'].includes(error.code);
        if (interruption.signal.aborted || !mayPass || tries >= TRIES_MOST) throw error;
        await io.wait(TRY_AGAIN_MS);
      }
      interruption.signal.throwIfAborted();
    }
    const { text, batch } = last;
    if (json) printJson(io, text, batch);
    if (!quiet) io.stderr.write(`${before}${progress(batch)}${behind}\nseed batches results ${id} --output .\n`);
    const { rows, completed } = batch.counts;
    return completed === rows ? EXIT.ok : EXIT.taskNotCompleted;
  } catch (error) {
    if (!interruption.signal.aborted) throw error;
    io.stderr.write(
      `\nDetached: the batch goes on.\nWatch it:  seed ${stream.name} ${id}\nStop it:   seed batches stop ${id}\n`,
    );
    return EXIT.interrupted;
  } finally {
    withdraw();
  }
}

/** `running: 12 of 40 done, 1 failed, 5 under way` */
function progress({ status, counts, pauseReason, statusNote }: Batch): string {
  const { completed, failed, timedOut, stopped, invalid } = counts;
  const bad = failed + timedOut;
  const underWay = counts.queued + counts.running + counts.waitingForApproval;
  const why = pauseReason?.message ?? statusNote;
  return [
    `${status}: ${completed + bad + stopped + invalid} of ${counts.rows} done`,
    ...(bad > 0 ? [`${bad} failed`] : []),
    ...(underWay > 0 ? [`${underWay} under way`] : []),
    ...(why ? [sanitiseLine(why)] : []),
  ].join(', ');
}
