// seed login and seed logout: keeping a key for a server. Used by repository.ts.
import { SeedError } from '../protocol/errors.ts';
import { printAnswer } from './answer-view.ts';
import { createApi } from './api.ts';
import { EXIT } from './exit-codes.ts';
import type { GlobalFlags } from './global-flags.ts';
import type { Io } from './io.ts';
import type { LocalCommand } from './local-command.ts';
import { cachedManifest } from './manifest-source.ts';
import { checkKey, checkUrl, DEFAULT_URL, forgetProfile, saveProfile } from './profile.ts';

const KEY_LIMIT_BYTES = 4096;

export const login: LocalCommand = {
  name: 'login',
  summary: 'Keep a key for a server: asks for it, checks it, saves it',
  usage: 'seed login [--url <url>] [--with-key-stdin]',
  flags: [
    { name: '--url <url>', summary: `The server [default SEED_API_URL or ${DEFAULT_URL}]` },
    { name: '--with-key-stdin', summary: 'Read the key from stdin instead of asking' },
  ],
  options: { url: { type: 'string' }, 'with-key-stdin': { type: 'boolean' } },
  async run(io, flags, values) {
    const urlFlag = typeof values['url'] === 'string' ? values['url'] : flags.url;
    const url = checkUrl(urlFlag ?? io.env('SEED_API_URL') ?? DEFAULT_URL);
    const key = checkKey(await readKey(io, url, values['with-key-stdin'] === true));
    await showWhose(io, { url, key }, flags);
    const path = saveProfile(io, { url, key });
    io.stderr.write(`Logged in to ${url}; the key is in ${path}.\n`);
    if (io.env('SEED_API_KEY')) io.stderr.write('SEED_API_KEY is set and goes before the saved key.\n');
    return EXIT.ok;
  },
};

export const logout: LocalCommand = {
  name: 'logout',
  summary: 'Forget the saved key; it stays valid',
  usage: 'seed logout',
  flags: [],
  options: {},
  async run(io) {
    const url = forgetProfile(io);
    const done = `Forgot the key for ${url}. It stays valid until it is revoked: seed keys revoke <id>.`;
    io.stderr.write(`${url === null ? 'No key was saved.' : done}\n`);
    return EXIT.ok;
  },
};

async function readKey(io: Io, url: string, fromStdin: boolean): Promise<string> {
  if (fromStdin) {
    const key = (await io.stdin.readAll(KEY_LIMIT_BYTES)).trim();
    if (key === '') throw new SeedError('usage', 'no key came on stdin');
    return key;
  }
  if (!io.stdin.isTerminal) {
    throw new SeedError('usage', 'seed login asks for the key on a terminal, and stdin is none', {
      hint: 'Pipe the key in: seed login --with-key-stdin < key-file',
    });
  }
  io.stderr.write(`API key for ${url} (not shown): `);
  const key = await io.stdin.readSecret();
  io.stderr.write('\n');
  if (key === null || key.trim() === '') throw new SeedError('usage', 'no key was given; nothing is saved');
  return key.trim();
}

/** Proves the key by asking whose it is. */
async function showWhose(io: Io, profile: { url: string; key: string }, flags: GlobalFlags): Promise<void> {
  const api = createApi(io, profile);
  const manifest = await cachedManifest(io, api, profile, true).load();
  const whoami = manifest.commands.find(({ name }) => name === 'whoami');
  if (!whoami) return;
  const { json, quiet } = flags;
  printAnswer(io, whoami, await api.call(whoami, {}), { json, quiet, commandLine: 'seed whoami' });
}
