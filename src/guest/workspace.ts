// Keeps /workspace for the task that goes on from this one, and puts what was kept into place: as an archive that
// streams, packed and unpacked by processes of the agent's user, and sieved at both ends. Used by run-task.ts.
import type { ChildProcess } from 'node:child_process';
import { PassThrough, type Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip, type Gunzip } from 'node:zlib';
import { extract, type Pack, pack } from 'tar-stream';
import { limitBytes } from '../lib/limit-bytes.ts';
import { LIMITS } from '../protocol/limits.ts';
import type { AgentProcesses } from './agent-processes.ts';
import { errorMessageIn, isFinal, type Link, type LinkAnswer, newPatience, untilAnswered } from './link.ts';
import { createSieve, NOTES_NAME, type Sieve } from './workspace-entries.ts';

/** Headers and padding of so many entries besides what is in them. */
const ARCHIVE_BYTES = LIMITS.workspaceBytes + LIMITS.workspaceEntries * 4_096;
const NOTES_BYTES = 16 * 1024;
const TAR = '/bin/tar';
const TOO_MUCH = `it has more than ${LIMITS.workspaceEntries} entries, or ${LIMITS.workspaceBytes} bytes`;

interface WorkspaceParts {
  link: Link;
  processes: AgentProcesses;
  /** The workspace. */
  folder: string;
}

/**
 * Sends what is in the folder. Returns what could not be kept, in sentences; nothing of it is then there where it
 * ended too late or was refused.
 * @param leftMs what there is of the task's time
 */
export async function keepWorkspace(
  { link, processes, folder }: WorkspaceParts,
  leftMs: number,
): Promise<string[]> {
  const withinMs = Math.min(LIMITS.guest.keepMs, leftMs);
  if (withinMs <= 0) return ['/workspace was not kept: there was no time left.'];
  const signal = AbortSignal.timeout(Math.ceil(withinMs));
  let notes: string[] = [];
  let refusal = 'it took too long';
  const send = async (): Promise<LinkAnswer> => {
    signal.throwIfAborted();
    const sieve = createSieve();
    const tar = processes.spawn(TAR, PACKING, { cwd: folder, stdin: 'ignore' });
    const archive = pack();
    const packed = new PassThrough();
    const packing = pipeline(archive, createGzip({ level: 1 }), packed).catch(() => undefined);
    // What breaks it off breaks off what is sent.
    const sieving = sieveInto(outputOf(tar), archive, sieve).then(
      () => endWithNotes(archive, sieve),
      (error: Error) => archive.destroy(error),
    );
    try {
      const answer = await link.put('/workspace', packed, signal);
      notes = sieve.notes();
      refusal = refusalIn(answer);
      return answer;
    } finally {
      processes.killGroup(tar);
      packed.destroy();
      await Promise.all([packing, sieving]);
    }
  };
  try {
    const answer = await untilAnswered(send, newPatience(withinMs));
    return answer.status === 204 ? notes : [`/workspace was not kept: ${refusal}.`];
  } catch (error) {
    if (link.isOver()) throw error;
    return [`/workspace was not kept: ${signal.aborted ? refusal : (error as Error).message}.`];
  }
}

const refusalIn = ({ status, body }: LinkAnswer) =>
  errorMessageIn(body.toString('utf8')) ?? `it was answered ${status}`;

export interface Unpacked {
  /** What is not there, in sentences. */
  notes: string[];
  /** It could not be fetched now: what is in the folder then must not take its place. */
  isAway: boolean;
}

/**
 * Puts what was kept into the folder.
 * @param withinMs for how long it is asked for again where it cannot be had
 */
export async function unpackWorkspace(
  { link, processes, folder }: WorkspaceParts,
  withinMs: number,
): Promise<Unpacked> {
  let notes: string[] = [];
  const fetch = async (): Promise<LinkAnswer> => {
    const sieve = createSieve();
    // It is there already, and may not become anything else.
    sieve.keep({ name: 'out', type: 'directory' });
    const said: Buffer[] = [];
    const tar = processes.spawn(TAR, UNPACKING, { cwd: folder, stdin: 'pipe' });
    const archive = pack();
    const unzipped = createGunzip();
    const sieving = sieveInto(unzipped, archive, sieve, said);
    const ending = sieving.then(
      () => archive.finalize(),
      (error: Error) => archive.destroy(error),
    );
    const unpacking = Promise.all([feed(archive, tar), text(outputOf(tar)), ended(tar)]);
    try {
      const answer = await link.download('/workspace', into(unzipped));
      // Of what was not given nothing ever comes out.
      if (answer.status !== 200) return answer;
      await sieving;
      await ending;
      const [, , complaint] = await unpacking;
      const told = Buffer.concat(said).toString('utf8').split('\n').filter(Boolean);
      notes = [
        ...told,
        ...sieve.notes(),
        ...(complaint === null ? [] : [`Not all of /workspace is there: ${complaint}.`]),
      ];
      return answer;
    } finally {
      unzipped.destroy();
      await Promise.allSettled([sieving, ending]);
      processes.killGroup(tar);
      await unpacking.catch(() => undefined);
    }
  };
  try {
    const answer = await untilAnswered(fetch, newPatience(Math.min(LIMITS.guest.patienceMs, withinMs)));
    if (answer.status === 200) return { notes, isAway: false };
    const isAway = !isFinal(answer);
    const then = isAway ? ' It stays as it is kept, and what is changed in /workspace now is not kept.' : '';
    return { notes: [`What was kept of /workspace could not be fetched: ${refusalIn(answer)}.${then}`], isAway };
  } catch (error) {
    if (link.isOver()) throw error;
    const why = (error as Error).message;
    return { notes: [`Not all of /workspace is there: what was kept is damaged (${why}).`], isAway: false };
  }
}

/** Ends with the download, while what it leads into still has something to give. */
function into(stream: Gunzip): Writable {
  const end = new Writable({
    write: (chunk, _encoding, done) => void stream.write(chunk, done),
    final: (done) => void stream.end(done),
  });
  stream.once('error', (error) => end.destroy(error));
  stream.once('close', () => end.destroy(new Error('it ended early')));
  return end;
}

const PACKING = [
  '--create',
  '--file=-',
  '--one-file-system',
  '--ignore-failed-read',
  '--warning=none',
  '--exclude=./in',
  '--anchored',
  '.',
];
const UNPACKING = [
  '--extract',
  '--file=-',
  '--no-same-owner',
  '--no-same-permissions',
  '--delay-directory-restore',
  '--warning=none',
];

/** Each entry that may be kept, from one archive into the other. @param notes gets what the entry of notes has */
async function sieveInto(source: Readable, archive: Pack, sieve: Sieve, notes?: Buffer[]): Promise<void> {
  const extracting = extract();
  archive.on('error', ignored);
  extracting.on('entry', (header, content, next) => {
    content.on('error', ignored);
    const kept = sieve.keep(header);
    // Half a workspace is none: what is read back is taken as far as it goes.
    if (notes === undefined && sieve.isFull()) return void next(new Error(TOO_MUCH));
    if (kept === null) {
      const isNotes = notes !== undefined && header.name === NOTES_NAME && (header.size ?? 0) <= NOTES_BYTES;
      if (isNotes) content.on('data', (chunk) => notes.push(chunk as Buffer));
      content.on('end', () => next());
      content.resume();
      return;
    }
    if (archive.destroying) return void next(new Error('the archive was given up'));
    const sink = archive.entry(kept, (error) => next(error ?? undefined));
    sink.on('error', ignored);
    if (kept.type === 'file') content.pipe(sink);
    else content.resume();
  });
  await pipeline(source, limitBytes(ARCHIVE_BYTES), extracting);
}

/** Whoever waits for the whole hears of it. */
const ignored = () => undefined;

function endWithNotes(archive: Pack, sieve: Sieve): void {
  const notes = sieve.notes().join('\n');
  if (notes !== '') archive.entry({ name: NOTES_NAME }, notes.slice(0, NOTES_BYTES / 4));
  archive.finalize();
}

async function feed(archive: Pack, { stdin }: ChildProcess): Promise<void> {
  if (stdin === null) throw new Error('tar started without pipes');
  // It may end before it has read all: its exit code tells.
  await pipeline(archive, stdin).catch(() => undefined);
}

function outputOf({ stdout }: ChildProcess): Readable {
  if (stdout === null) throw new Error('tar started without pipes');
  return stdout;
}

/** Resolves with what was wrong; null: nothing. */
async function ended(tar: ChildProcess): Promise<string | null> {
  const exit = new Promise<number | null>((resolve, reject) => {
    tar.once('error', reject);
    tar.once('close', resolve);
  });
  const [code, complaint] = await Promise.all([exit, tar.stderr === null ? '' : text(tar.stderr)]);
  return code === 0 ? null : (complaint.trim().split('\n')[0] || 'tar ended early').slice(0, 200);
}
