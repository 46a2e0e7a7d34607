// seed accounts export: has an export made, and downloads its parts into one file. Used by local-commands.ts.

import type { AccountExport, ExportPart } from '../protocol/account-export.ts';
import { SeedError } from '../protocol/errors.ts';
import type { ManifestCommand } from '../protocol/manifest.ts';
import { parseAnswer } from './answer-view.ts';
import { type Api, connectionError, createApi } from './api.ts';
import { fs, loadCrypto } from './builtin.ts';
import { EXIT, InterruptedError, type Io } from './io.ts';
import { type LocalCommand, tellDone, textIn } from './local-command.ts';
import { cachedManifest } from './manifest-source.ts';
import { loadProfile } from './profile.ts';
import { sanitiseLine } from './terminal.ts';

const LOOK_EVERY_MS = 1_000;
/** Pauses before a part that was cut off is asked for again. */
const AGAIN_AFTER_MS = [500, 1_000, 2_000, 5_000, 10_000];
const READ_BYTES = 1024 * 1024;

export const accountsExport: LocalCommand = {
  name: 'accounts export',
  alsoOnServer: true,
  summary: 'Write all that an account has, without secrets, into a .tar.gz on this machine',
  usage: 'seed accounts export [--account <id>] [--out <file>] [--export <id>]',
  flags: [
    { name: '--account <id>', summary: "The account, for the operator [default the key's own]" },
    { name: '--out <file>', summary: 'Where to write it [default seed-<account>-<day>.tar.gz in this folder]' },
    { name: '--export <id>', summary: 'Go on with an export that was begun, from the part that is missing' },
  ],
  examples: [
    'seed accounts export',
    'seed accounts export --account 5b1c2f0e-8f0a-4b51-9d0b-2f6f3c1a7e55 --out acme.tar.gz',
  ],
  async run(io, flags, values) {
    const profile = loadProfile(io, flags.url);
    const api = createApi(io, profile);
    const { commands } = await cachedManifest(io, api, profile, flags).load();
    const asked = openAsking(api, commands);
    const account = textIn(values, 'account') ?? (await asked.ownAccount());
    const begun = await asked.begin(account, textIn(values, 'export'));
    const out = textIn(values, 'out');
    const again = [
      'seed accounts export',
      '--account',
      account,
      '--export',
      begun.id,
      ...(out ? ['--out', out] : []),
    ];
    const interruption = new AbortController();
    const withdraw = io.onInterrupt(() => interruption.abort());
    const progress = progressOn(io, flags.quiet);
    try {
      const made = await ready(begun, { io, asked, progress, signal: interruption.signal });
      const path = out ?? `seed-${account.slice(0, 8)}-${(made.asOf ?? '').slice(0, 10)}.tar.gz`;
      await download(made, path, { io, asked, progress, signal: interruption.signal });
      progress.end();
      const note = `${path}: ${made.size} bytes. To see whether it is whole: tar xzf it, then sha256sum -c SHA256SUMS\n`;
      tellDone(io, flags, { json: { export: made, path }, text: null, note });
      return EXIT.ok;
    } catch (error) {
      progress.end();
      const hint = `Go on with it: ${again.join(' ')}`;
      if (interruption.signal.aborted) throw new InterruptedError('interrupted; what was begun is kept', hint);
      if (error instanceof SeedError && error.code === 'unreachable')
        throw new SeedError(error.code, error.message, { hint, cause: error });
      throw error;
    } finally {
      withdraw();
    }
  },
};

type Asking = ReturnType<typeof openAsking>;
interface Going {
  io: Io;
  asked: Asking;
  progress: ReturnType<typeof progressOn>;
  signal: AbortSignal;
}

function openAsking(api: Api, commands: readonly ManifestCommand[]) {
  const commandOf = (name: string) => {
    const command = commands.find((candidate) => candidate.name === name);
    if (command) return command;
    throw new SeedError('missing_scope', 'seed accounts export needs a key with the scope accounts:export');
  };
  const ask = async (name: string, input: Record<string, unknown>) =>
    parseAnswer(await api.call(commandOf(name), input)) as { export: AccountExport; account: { id: string } };
  return {
    url: api.url,
    ownAccount: async () => (await ask('whoami', {})).account.id,
    begin: async (id: string, begun: string | undefined) =>
      begun === undefined
        ? (await ask('accounts exports create', { id })).export
        : (await ask('accounts exports get', { id, export: begun })).export,
    look: async ({ accountId, id }: AccountExport) =>
      (await ask('accounts exports get', { id: accountId, export: id })).export,
    part: ({ accountId, id }: AccountExport, number: number) =>
      api.file(commandOf('accounts exports part'), { id: accountId, export: id, number }),
  };
}

/** @throws SeedError with the reason for which it could not be made */
async function ready(begun: AccountExport, { io, asked, progress, signal }: Going): Promise<AccountExport> {
  let seen = begun;
  while (seen.status === 'running') {
    const { tasks = 0, events = 0, files = 0 } = seen.counts;
    progress.show(`making it: ${tasks} tasks, ${events} events, ${files} files, ${seen.size} bytes`);
    await io.wait(LOOK_EVERY_MS);
    signal.throwIfAborted();
    seen = await asked.look(seen);
  }
  if (seen.status === 'ready') return seen;
  const { message = 'it could not be made' } = seen.error ?? {};
  throw new SeedError('unavailable', `the export failed: ${sanitiseLine(message)}`, {
    hint: 'Ask for another one.',
  });
}

/** Under another name until it is whole; what is there of an earlier attempt, whole parts, stays. */
async function download(made: AccountExport, path: string, { io, asked, progress, signal }: Going): Promise<void> {
  const unfinished = `${path}.${made.id}.unfinished`;
  const file = fs.openSync(
    unfinished,
    fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_NOFOLLOW,
    0o600,
  );
  try {
    let [at, have] = wholeParts(file, made.parts);
    fs.ftruncateSync(file, at);
    for (const part of made.parts.slice(have)) {
      for (let failures = 0; ; failures += 1) {
        try {
          progress.show(`downloading part ${part.number} of ${made.parts.length}`);
          await writePart(file, at, part, (await asked.part(made, part.number)).body, signal);
          break;
        } catch (cause) {
          signal.throwIfAborted();
          const error = connectionError(cause, asked.url);
          const pauseMs = AGAIN_AFTER_MS[failures];
          if (pauseMs === undefined || !['unreachable', 'unavailable'].includes(error.code)) throw error;
          await io.wait(pauseMs);
        }
      }
      at += part.size;
      have += 1;
    }
    fs.fsyncSync(file);
  } finally {
    fs.closeSync(file);
  }
  fs.renameSync(unfinished, path);
}

/** How many bytes of the file are whole parts, and how many parts these are. */
function wholeParts(file: number, parts: readonly ExportPart[]): [bytes: number, parts: number] {
  let [at, whole] = [0, 0];
  const buffer = new Uint8Array(READ_BYTES);
  for (const { size, sha256 } of parts) {
    const hash = loadCrypto().createHash('sha256');
    let read = 0;
    for (let some = 1; read < size && some > 0; read += some) {
      some = fs.readSync(file, buffer, 0, Math.min(buffer.length, size - read), at + read);
      hash.update(buffer.subarray(0, some));
    }
    if (read < size || hash.digest('hex') !== sha256) break;
    at += size;
    whole += 1;
  }
  return [at, whole];
}

async function writePart(
  file: number,
  from: number,
  part: ExportPart,
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
) {
  const hash = loadCrypto().createHash('sha256');
  let at = from;
  for await (const chunk of body) {
    signal.throwIfAborted();
    for (let written = 0; written < chunk.length; )
      written += fs.writeSync(file, chunk, written, chunk.length - written, at + written);
    hash.update(chunk);
    at += chunk.length;
  }
  if (at - from !== part.size || hash.digest('hex') !== part.sha256)
    throw new SeedError('unreachable', `part ${part.number} did not arrive as it was sent`);
}

/** One line that changes, on a terminal alone. */
function progressOn({ stderr }: Io, quiet: boolean) {
  let isShown = false;
  const isUsed = stderr.isTerminal && !quiet;
  return {
    show(text: string) {
      if (!isUsed) return;
      stderr.write(`\r\u001b[K${text}`);
      isShown = true;
    },
    end() {
      if (isShown) stderr.write('\r\u001b[K');
      isShown = false;
    },
  };
}
