// seed login, logout, keys recover and keys generate: keys on this machine. Used by local-commands.ts.
import { printAnswer } from './answer-view.ts';
import { createApi } from './api.ts';
import { dataDirOf, loadModule } from './folders.ts';
import { EXIT, type Io, usageError } from './io.ts';
import { type LocalCommand, tellDone, textIn } from './local-command.ts';
import { cachedManifest } from './manifest-source.ts';
import type { GlobalFlags } from './parse-input.ts';
import { checkKey, checkUrl, DEFAULT_URL, forgetProfile, saveProfile } from './profile.ts';

/** Of a key, or of a token of the platform's own login. */
const KEY_LIMIT_BYTES = 9_000;

export const login: LocalCommand = {
  name: 'login',
  summary: 'Keep a key for a server: asks for it, checks it, saves it',
  usage: 'seed login [--url <url>] [--with-key-stdin]',
  flags: [
    { name: '--url <url>', summary: `The server [default SEED_API_URL or ${DEFAULT_URL}]` },
    { name: '--with-key-stdin', summary: 'Read the key from stdin instead of asking' },
  ],
  async run(io, flags, values) {
    const urlFlag = textIn(values, 'url') ?? flags.url;
    const url = checkUrl(urlFlag ?? io.env('SEED_API_URL') ?? DEFAULT_URL);
    const key = checkKey(values['with-key-stdin'] === true ? await pipedKey(io) : await typedKey(io, url));
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
  async run(io) {
    const url = forgetProfile(io);
    const done = `Forgot the key for ${url}. It stays valid until it is revoked: seed keys revoke <id>.`;
    io.stderr.write(`${url === null ? 'No key was saved.' : done}\n`);
    return EXIT.ok;
  },
};

async function pipedKey(io: Io): Promise<string> {
  const key = (await io.stdin.readAll(KEY_LIMIT_BYTES)).trim();
  if (key === '') throw usageError('no key came on stdin');
  return key;
}

async function typedKey(io: Io, url: string): Promise<string> {
  if (!io.stdin.isTerminal) {
    const problem = 'seed login asks for the key on a terminal, and stdin is none';
    throw usageError(problem, 'Pipe the key in: seed login --with-key-stdin < key-file');
  }
  const key = await io.stdin.readSecret(() => io.stderr.write(`API key for ${url} (not shown): `));
  io.stderr.write('\n');
  if (key === null || key.trim() === '') throw usageError('no key was given; nothing is saved');
  return key.trim();
}

/** Proves the key by asking whose it is. */
async function showWhose(io: Io, profile: { url: string; key: string }, flags: GlobalFlags): Promise<void> {
  const api = createApi(io, profile);
  const manifest = await cachedManifest(io, api, profile, { refresh: true }).load();
  const whoami = manifest.commands.find(({ name }) => name === 'whoami');
  if (!whoami) return;
  const { json, quiet } = flags;
  printAnswer(io, whoami, await api.call(whoami, {}), { json, quiet, typed: { start: 'seed whoami', args: [] } });
}

const recover: LocalCommand = {
  name: 'keys recover',
  summary: 'On the machine of the server: make a new admin key, when none is left that works',
  usage: 'seed keys recover [--account <id>]',
  flags: [{ name: '--account <id>', summary: "The account to make it for [default the operator's]" }],
  alsoOnServer: true,
  examples: ['seed keys recover', 'DATABASE_URL=postgres://… seed keys recover'],
  async run(io, flags, values) {
    const { recoverAdminKey } = await loadModule<typeof import('../server/access/recover-admin-key.ts')>(
      'src/server/access/recover-admin-key.ts',
    );
    const { databaseSettings } = await loadModule<typeof import('../lib/settings.ts')>('src/lib/settings.ts');
    const { accountName, key, secret } = await recoverAdminKey({
      databaseUrl: databaseSettings().databaseUrl,
      dataDir: dataDirOf(io),
      accountId: textIn(values, 'account'),
    });
    const note =
      `The new admin key of the account "${accountName}", shown this once. Its id: ${key.id}\n` +
      'The audit log says that it was made. To keep it for the CLI: seed login\n';
    tellDone(io, flags, { json: { key, secret }, text: secret, note });
    return EXIT.ok;
  },
};

const generate: LocalCommand = {
  name: 'keys generate',
  summary: 'Print a new secret for SEED_ADMIN_KEY; it is a key from the start of a server with it on',
  usage: 'seed keys generate',
  alsoOnServer: true,
  examples: ['SEED_ADMIN_KEY=$(seed keys generate) npm start'],
  async run(io, flags) {
    const { generateKeySecret } = await loadModule<typeof import('../lib/key-secret.ts')>('src/lib/key-secret.ts');
    const secret = generateKeySecret();
    tellDone(io, flags, { json: { secret }, text: secret });
    return EXIT.ok;
  },
};

export const keyCommands: readonly LocalCommand[] = [recover, generate];
