// The CLI: from a command line to an exit code. Called by main.ts and by tests.
import { shellWord } from '../lib/shell-word.ts';
import { SeedError } from '../protocol/errors.ts';
import type { Manifest, ManifestCommand } from '../protocol/manifest.ts';
import { parseAnswer, printAnswer, printJson } from './answer-view.ts';
import { type CommandCall, createApi } from './api.ts';
import { downloadFile } from './download.ts';
import { findCommand, unknownCommand } from './find-command.ts';
import { followBatch, followedBatch } from './follow-batch.ts';
import { followedBy, followTask } from './follow-task.ts';
import { commandHelp, localHelp, localNounHelp, nounHelp, rootHelp } from './help.ts';
import { EXIT, exitCodeOf, InterruptedError, type Io, isSeedError, type Output, usageError } from './io.ts';
import { findLocal, type LocalCommand, runLocal } from './local-command.ts';
import { cachedManifest, embeddedManifest, type ManifestSource } from './manifest-source.ts';
import { page } from './pager.ts';
import { type GlobalFlags, parseInput, takeLeadingFlags } from './parse-input.ts';
import { loadProfile } from './profile.ts';
import { runStream } from './stream.ts';
import { sanitise, styleFor, wrapHelp } from './terminal.ts';
import { withWayToIds } from './way-to-ids.ts';

/** What differs between the CLI that a server hands out and the one of the repository. */
export interface Form {
  /** The commands, when they were handed out together with the CLI. */
  manifest: Manifest | null;
  local: readonly LocalCommand[];
  version(): string;
  /** Prints what can stand in the place of the last word, for a shell. Missing: no shell knows this CLI. */
  complete?(io: Io, flags: GlobalFlags, words: readonly string[]): Promise<number>;
}

const STDIN_LIMIT_BYTES = 1024 * 1024;

export async function runCli(argv: readonly string[], form: Form, io: Io): Promise<number> {
  try {
    return await dispatch(argv, form, io);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    io.stderr.write(`seed: ${sanitise(message)}\n`);
    if ((isSeedError(error) || error instanceof InterruptedError) && error.hint)
      io.stderr.write(`${sanitise(error.hint)}\n`);
    return exitCodeOf(error);
  }
}

async function dispatch(argv: readonly string[], form: Form, io: Io): Promise<number> {
  const { flags, rest } = takeLeadingFlags(argv);
  if (flags.version) {
    io.stdout.write(`${form.version()}\n`);
    return EXIT.ok;
  }
  if (rest[0] === 'help') {
    rest.shift();
    flags.help = true;
  }
  if (form.complete && rest[0] === 'completion' && rest[1] === 'words')
    return form.complete(io, flags, rest.slice(2));
  const local = findLocal(form.local, rest);
  if (local) {
    const code = await runLocal(io, local.command, flags, local.args);
    if (code === null) showHelp(io, io.stdout, localHelp(local.command, styleFor(io.stdout, io)));
    return code ?? EXIT.ok;
  }
  const verbs = form.local.filter(({ name }) => name.startsWith(`${rest[0]} `));
  const isShared = verbs.some(({ alsoOnServer }) => alsoOnServer);
  if (verbs.length > 0 && !isShared) return showLocalNounHelp(io, verbs, flags, rest);
  const profile = loadProfile(io, flags.url);
  const api = createApi(io, profile);
  const source = form.manifest ? embeddedManifest(form.manifest) : cachedManifest(io, api, profile, flags);
  if (rest[0] === undefined) return showRootHelp(io, form, source);
  const located = await locate(source, rest).catch((error: unknown) => {
    // This machine's own verbs can be told without the server.
    if (verbs.length > 0 && wantsNounHelp(flags, rest) && error instanceof SeedError) return error;
    throw error;
  });
  if (located instanceof SeedError) {
    const code = showLocalNounHelp(io, verbs, flags, rest);
    tellWhatIsMissing(io, located);
    return code;
  }
  const { manifest, command } = located;
  if (!command) return showNounHelp(io, { form, manifest }, flags, rest);
  const args = rest.slice(command.name.split(' ').length);
  return runCommand({ io, api, manifest, command }, flags, args);
}

/** Nothing of it is shown while it is typed. */
async function typedSecret(io: Io, what: string): Promise<string> {
  const typed = await io.stdin.readSecret(() => io.stderr.write(`${what} (not shown): `));
  io.stderr.write('\n');
  if (typed === null || typed.trim() === '') throw usageError(`no ${what} was given; nothing is set`);
  return typed.trim();
}

/** Finds the command; one that is unknown may be newer than the cache. */
async function locate(source: ManifestSource, words: readonly string[]) {
  const manifest = await source.load();
  const command = findCommand(manifest, words);
  if (command) return { manifest, command };
  const current = await source.reload();
  return current ? { manifest: current, command: findCommand(current, words) } : { manifest, command: null };
}

async function runCommand(
  call: Omit<CommandCall, 'input'> & { manifest: Manifest },
  flags: GlobalFlags,
  args: readonly string[],
): Promise<number> {
  const { io, api, manifest, command } = call;
  const readStdin = (secret: { name: string } | null) =>
    secret !== null && io.stdin.isTerminal ? typedSecret(io, secret.name) : io.stdin.readAll(STDIN_LIMIT_BYTES);
  const parsed = await parseInput(
    command,
    flags.help ? ['--help', ...args.filter((arg) => arg === '--json')] : args,
    readStdin,
  );
  if (parsed.help && (flags.json || parsed.json)) {
    printJson(io, JSON.stringify(command), command);
    return EXIT.ok;
  }
  if (parsed.help) {
    showHelp(io, io.stdout, commandHelp(command, styleFor(io.stdout, io)));
    return EXIT.ok;
  }
  const { input, output } = parsed;
  const json = flags.json || parsed.json;
  const csv = flags.csv || parsed.csv;
  const quiet = flags.quiet || parsed.quiet;
  const follows = command.follow !== null && !parsed.detach;
  if (csv || (json && command.output === 'file')) refuseFormat(command, { json, follows });
  if (command.output === 'stream') await runStream({ io, api, command, input }, { json });
  if (command.output === 'file') await downloadFile({ io, api, command, input }, { output, quiet });
  if (command.output === 'stream' || command.output === 'file') return EXIT.ok;
  const text = await api.call(command, input).catch((error: unknown) => {
    throw isSeedError(error) ? withWayToIds(error, manifest, { command, input }) : error;
  });
  const answer = follows ? parseAnswer(text) : null;
  const followed = follows ? followedBy(manifest, command, answer) : null;
  if (followed) return followTask(io, api, followed, { json, quiet });
  const batch = follows ? followedBatch(manifest, command, answer) : null;
  if (batch) return followBatch(io, api, batch, { json, quiet });
  printAnswer(io, command, text, { json, csv, quiet, typed: { start: startOf(command, flags), args } });
  return EXIT.ok;
}

/** The command line up to what stands behind the command. */
function startOf({ name }: ManifestCommand, { url, csv }: GlobalFlags): string {
  return `seed${url === undefined ? '' : ` --url ${shellWord(url)}`}${csv ? ' --csv' : ''} ${name}`;
}

/** Throws SeedError `usage` when the answer has no such format; with `json` both were asked for. */
function refuseFormat({ name, output }: ManifestCommand, { json, follows }: { json: boolean; follows: boolean }) {
  if (output === 'file') throw usageError(`seed ${name} gives a file as it is: it has neither --json nor --csv`);
  if (json) throw usageError('--json and --csv exclude each other');
  if (output !== 'stream' && !follows) return;
  const problem = `what seed ${name} shows as it goes on is no table: --csv cannot hold it`;
  throw usageError(problem, '--json gives one object a line.');
}

function wantsNounHelp(flags: GlobalFlags, [, verb]: readonly string[]): boolean {
  return flags.help || verb === undefined || verb.startsWith('-');
}

function showHelp(io: Io, output: Output, text: string): void {
  const shown = output.isTerminal ? wrapHelp(text, output.columns) : text;
  if (output === io.stdout) page(io, shown);
  else output.write(shown);
}

async function showRootHelp(io: Io, form: Form, source: ManifestSource): Promise<number> {
  const style = styleFor(io.stdout, io);
  try {
    showHelp(io, io.stdout, rootHelp(await source.load(), form.local, style));
  } catch (error) {
    if (!(error instanceof SeedError)) throw error;
    showHelp(io, io.stdout, rootHelp(null, form.local, style));
    tellWhatIsMissing(io, error);
  }
  return EXIT.ok;
}

/** Under a help that has only the commands of this machine. */
function tellWhatIsMissing(io: Io, { message, hint }: SeedError): void {
  io.stderr.write(`\nThe commands of the platform come from the server, and ${sanitise(message)}.\n`);
  if (hint) io.stderr.write(`${sanitise(hint)}\n`);
}

function showLocalNounHelp(io: Io, verbs: readonly LocalCommand[], flags: GlobalFlags, words: readonly string[]) {
  const [noun = '', ...others] = words;
  const wantsHelp = flags.help || others[0] === '--help' || others[0] === '-h';
  const names = verbs.map(({ name }) => name);
  if (!wantsHelp && others[0] !== undefined) throw unknownCommand({ version: '', commands: [] }, names, words);
  const output = wantsHelp ? io.stdout : io.stderr;
  showHelp(io, output, localNounHelp(noun, verbs, styleFor(output, io)));
  return wantsHelp ? EXIT.ok : EXIT.usage;
}

/** A noun without a verb shows its verbs; it is only right when that was asked for. */
function showNounHelp(
  io: Io,
  { form, manifest }: { form: Form; manifest: Manifest },
  flags: GlobalFlags,
  words: readonly string[],
): number {
  const end = words.findIndex((word) => word.startsWith('-'));
  const typed = end < 0 ? words : words.slice(0, end);
  const wantsHelp = flags.help || words[end] === '--help' || words[end] === '-h';
  const below = (noun: string) => manifest.commands.filter(({ name }) => name.startsWith(`${noun} `));
  const whole = typed.join(' ');
  // With help asked for, what stands after a noun that has nothing below it does not matter.
  const noun = wantsHelp && below(whole).length === 0 ? (typed[0] ?? '') : whole;
  const commands = below(noun);
  const localNames = form.local.map(({ name }) => name);
  if (commands.length === 0) throw unknownCommand(manifest, localNames, words);
  const output = wantsHelp ? io.stdout : io.stderr;
  const local = form.local.filter(({ name }) => name.startsWith(`${noun} `));
  showHelp(io, output, nounHelp(noun, commands, local, styleFor(output, io)));
  return wantsHelp ? EXIT.ok : EXIT.usage;
}
