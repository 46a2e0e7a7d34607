// Completion in a shell: `seed completion bash` prints what the shell is to read, and that asks
// `seed completion words` for what can stand where the cursor is. Used by repository.ts and local-commands.ts.
import type { Manifest, ManifestCommand } from '../protocol/manifest.ts';
import { createApi } from './api.ts';
import { findCommand } from './find-command.ts';
import { flagsOf } from './flags.ts';
import { EXIT, type Io, usageError } from './io.ts';
import type { LocalCommand } from './local-command.ts';
import { cachedManifest } from './manifest-source.ts';
import type { GlobalFlags } from './parse-input.ts';
import { loadProfile } from './profile.ts';

const SCRIPTS: Record<string, string> = {
  bash: `_seed() {
  local IFS=$'\\n'
  COMPREPLY=($(seed completion words "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _seed seed
`,
  zsh: `#compdef seed
_seed() {
  local -a found
  found=("\${(@f)$(seed completion words "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  found=(\${found:#})
  if (( \${#found} )); then compadd -- $found; else _files; fi
}
compdef _seed seed
`,
  fish: `complete -c seed -e
complete -c seed -a '(seed completion words (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`,
};

export const completion: LocalCommand = {
  name: 'completion',
  summary: 'Print what makes a shell complete the words of seed: bash, zsh or fish',
  usage: 'seed completion <shell>',
  positionals: ['shell'],
  examples: [
    'source <(seed completion bash)   # in ~/.bashrc',
    'source <(seed completion zsh)    # in ~/.zshrc, behind compinit',
    'seed completion fish > ~/.config/fish/completions/seed.fish',
  ],
  async run(io, _flags, values) {
    const script = SCRIPTS[String(values['shell'])];
    if (script === undefined)
      throw usageError(`there is no completion for ${JSON.stringify(values['shell'] ?? '')}`, 'bash, zsh or fish');
    io.stdout.write(script);
    return EXIT.ok;
  },
};

/** One word a line, and nothing else, whatever is wrong: a shell reads it. */
export async function printCandidates(
  io: Io,
  flags: GlobalFlags,
  words: readonly string[],
  local: readonly LocalCommand[],
): Promise<number> {
  const profile = loadProfile(io, flags.url);
  const source = cachedManifest(io, createApi(io, profile), profile, flags);
  const manifest = await source.load().catch(() => null);
  const found = candidates(words, manifest, local);
  if (found.length > 0) io.stdout.write(`${found.join('\n')}\n`);
  return EXIT.ok;
}

/**
 * What can stand in the place of the last word.
 * @param manifest null: the server does not answer, and only this machine's own commands are known
 */
export function candidates(
  words: readonly string[],
  manifest: Manifest | null,
  local: readonly LocalCommand[],
): string[] {
  const typed = words.slice(0, -1);
  const last = words.at(-1) ?? '';
  const command = manifest && findCommand(manifest, typed);
  const found = command ? ofCommand(command, typed, last) : ofNames(typed, last, manifest, local);
  return [...new Set(found)].filter((word) => word.startsWith(last)).sort();
}

/** The next word of every name that goes on so, and the flags of a command of this machine. */
function ofNames(
  typed: readonly string[],
  last: string,
  manifest: Manifest | null,
  local: readonly LocalCommand[],
): string[] {
  const here = local.find(({ name }) => name.split(' ').every((word, index) => word === typed[index]));
  if (here && last.startsWith('-'))
    return [...(here.flags ?? []).map(({ name }) => name.split(' ', 1).join('')), '--help', '--json', '--quiet'];
  if (here?.positionals && last === '') return here.name === completion.name ? Object.keys(SCRIPTS) : [];
  if (here?.name === completion.name) return Object.keys(SCRIPTS);
  const names = [...(manifest?.commands ?? []), ...local].map(({ name }) => name.split(' '));
  const going = names.filter(
    (name) => name.length > typed.length && typed.every((word, index) => name[index] === word),
  );
  const words = going.map((name) => name[typed.length] ?? '');
  return typed.length === 0 && last.startsWith('-')
    ? ['--help', '--version', '--url', '--json', '--csv', '--quiet']
    : words;
}

function ofCommand(command: ManifestCommand, typed: readonly string[], last: string): string[] {
  const flags = flagsOf(command);
  const before = typed.at(-1) ?? '';
  const valued = flags.find(({ name, kind }) => `--${name}` === before && kind !== 'boolean');
  if (valued) return valued.choices;
  if (!last.startsWith('-')) return [];
  const own = flags
    .filter(({ property }) => !command.positional.includes(property))
    .map(({ name }) => `--${name}`);
  return [...own, ...(command.follow === null ? [] : ['--detach']), '--json', '--quiet', '--help'];
}
