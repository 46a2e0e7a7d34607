// Sends what the agent leaves in its out folder to the runner: each file as soon as it has come to rest, so that a
// task that is killed keeps it, and at the end the rest. It polls: inotify does not work alike in all sandboxes.
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { LIMITS } from '../protocol/limits.ts';
import type { GuestSettings } from './guest-settings.ts';
import { errorMessageIn, isFinal, type Link, type LinkAnswer, newPatience, untilAnswered } from './link.ts';
import { type FileState, type OutFolder, openOutFolder, type Scan } from './out-folder.ts';
import { outDir } from './prepare.ts';

const LOOK_EVERY_MS = 300;
/** A file that never rests is sent all the same, the less often the larger it is. */
const RESTLESS_MS = 2_000;
const RESTLESS_BYTES_PER_MS = 1_000;

export interface ArtifactWatch {
  /** Sends what is left to send. Call it when nothing writes any more. Returns what could not be kept, and why. */
  finish(): Promise<string[]>;
}

interface Sent extends FileState {
  /** Null: the runner has it. */
  refusal: string | null;
}

export async function watchArtifacts(link: Link, settings: GuestSettings): Promise<ArtifactWatch> {
  const folder = await openOutFolder(outDir(settings), settings.agent?.uid ?? null);
  const outbox = createOutbox(link, folder);
  const stopped = new AbortController();
  const { signal } = stopped;
  const watching = (async () => {
    let before: Scan | null = null;
    while (!signal.aborted && !link.isOver()) {
      const scan = await folder.scan();
      for (const [name, state] of scan.files) {
        if (!signal.aborted && outbox.isDue(name, state, before?.files.get(name)))
          await outbox.send(name).catch(cutShort);
      }
      await outbox.forgetMissing(scan).catch(cutShort);
      before = scan;
      await delay(LOOK_EVERY_MS, null, { signal }).catch(() => undefined);
    }
  })();
  return {
    async finish() {
      stopped.abort();
      await watching;
      const scan = await folder.scan();
      const patience = newPatience();
      await untilAnswered(() => outbox.forgetMissing(scan), patience);
      const lost: string[] = [];
      for (const [name, state] of scan.files) {
        if (!outbox.hasChanged(name, state)) continue;
        const answer = await untilAnswered(() => outbox.send(name), patience);
        if (!isFinal(answer)) lost.push(notKept(name, messageOf(answer)));
      }
      return [...leftOut(scan), ...outbox.refusals(), ...lost];
    },
  };
}

function createOutbox(link: Link, folder: OutFolder) {
  const sent = new Map<string, Sent>();
  /** When a file was first seen in another state than it was last sent in. */
  const changedSince = new Map<string, number>();
  const pathOf = (name: string) => `/artifacts/${encodeURIComponent(name)}`;
  const hasChanged = (name: string, state: FileState) => !isSame(sent.get(name), state);
  return {
    hasChanged,
    isDue(name: string, state: FileState, before: FileState | undefined): boolean {
      if (!hasChanged(name, state)) return false;
      if (isSame(before, state)) return true;
      const now = performance.now();
      if (!changedSince.has(name)) changedSince.set(name, now);
      const restMs = RESTLESS_MS + state.size / RESTLESS_BYTES_PER_MS;
      return now - (changedSince.get(name) ?? now) > restMs;
    },
    /** One that is gone by now is no error: there is nothing to send. */
    async send(name: string): Promise<LinkAnswer> {
      const found = await folder.open(name);
      if (found === null) return NOTHING;
      const { handle, state } = found;
      const note = (refusal: string | null) => sent.set(name, { ...state, refusal });
      changedSince.delete(name);
      try {
        if (state.size > LIMITS.artifactBytes) {
          note(`it is larger than ${LIMITS.artifactBytes} bytes`);
          return NOTHING;
        }
        const range = { autoClose: false, start: 0, end: state.size - 1 };
        const content = state.size === 0 ? Readable.from([]) : handle.createReadStream(range);
        const answer = await link.upload(pathOf(name), state.size, content);
        if (answer.status < 300) note(null);
        else if (isFinal(answer)) note(messageOf(answer));
        return answer;
      } finally {
        await handle.close();
      }
    },
    async forgetMissing(scan: Scan): Promise<LinkAnswer> {
      if (scan.isCut) return NOTHING;
      for (const name of changedSince.keys()) if (!scan.files.has(name)) changedSince.delete(name);
      for (const [name, { refusal }] of sent) {
        if (scan.files.has(name)) continue;
        const answer = refusal === null ? await link.delete(pathOf(name)) : NOTHING;
        if (!isFinal(answer)) return answer;
        sent.delete(name);
        // There may be room for others now.
        for (const [other, { refusal: why }] of sent) if (why !== null) sent.delete(other);
      }
      return NOTHING;
    },
    refusals: () => [...sent].flatMap(([name, { refusal }]) => (refusal === null ? [] : [notKept(name, refusal)])),
  };
}

/** A file that became shorter while it was sent, or whose stream was cut, is sent again. */
const cutShort = () => undefined;

const NOTHING: LinkAnswer = { status: 204, body: Buffer.alloc(0) };

function isSame(one: FileState | undefined, other: FileState): boolean {
  return one?.size === other.size && one.changedAtMs === other.changedAtMs;
}

function leftOut({ misnamed, isCut }: Scan): string[] {
  const more = `there is more in the folder out than ${LIMITS.artifactsPerTask} artifacts: the rest is not kept`;
  const names = `files in the folder out are not kept for their names, such as ${misnamed}`;
  return [...(isCut ? [more] : []), ...(misnamed === null ? [] : [names])];
}

const notKept = (name: string, why: string) => `the artifact ${JSON.stringify(name)} is not kept: ${why}`;

function messageOf({ status, body }: LinkAnswer): string {
  return errorMessageIn(body.toString('utf8')) ?? `it was answered ${status}`;
}
