// seed login, logout, keys recover and keys generate: keys on this machine. Used by local-commands.ts.
import { SeedError } from '../protocol/errors.ts';
import { printAnswer } from './answer-view.ts';
import { createApi } from './api.ts';
import { dataDirOf, loadModule } from './folders.ts';
import { EXIT, type Io } from './io.ts';
import type { LocalCommand } from './local-command.ts';
import { cachedManifest } from './manifest-source.ts';
import type { GlobalFlags } from './parse-input.ts';
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

const recover: LocalCommand = {
  name: 'keys recover',
  summary: 'On the machine of the server: make a new admin key, when none is left that works',
  usage: 'seed keys recover [--account <id>]',
  flags: [{ name: '--account <id>', summary: "The account to make it for [default the operator's]" }],
  options: { account: { type: 'string' } },
  alsoOnServer: true,
  examples: ['seed keys recover', 'DATABASE_URL=postgres://… seed keys recover'],
  async run(io, flags, { account }) {
    const { recoverAdminKey } = await loadModule<typeof import('../server/access/recover-admin-key.ts')>(
      'src/server/access/recover-admin-key.ts',
    );
    const { accountName, key, secret } = await recoverAdminKey({
      databaseUrl: io.env('DATABASE_URL') ?? null,
      dataDir: dataDirOf(io),
      accountId: typeof account === 'string' ? account : undefined,
    });
    if (flags.json) {
      io.stdout.write(`${JSON.stringify({ key, secret })}\n`);
      return EXIT.ok;
    }
    io.stdout.write(`${secret}\n`);
    if (!flags.quiet) {
      io.stderr.write(
        `The new admin key of the account "${accountName}", shown this once. Its id: ${key.id}\n`,
      );
      io.stderr.write('The audit log says that it was made. To keep it for the CLI: seed login\n');
    }
    return EXIT.ok;
  },
};

const generate: LocalCommand = {
  name: 'keys generate',
  summary: 'Print a new secret for SEED_ADMIN_KEY; it is a key from the start of a server with it on',
  usage: 'seed keys generate',
  flags: [],
  options: {},
  alsoOnServer: true,
  examples: ['SEED_ADMIN_KEY=$(seed keys generate) npm start'],
  async run(io, flags) {
    const { generateKeySecret } =
      await loadModule<typeof import('../lib/key-secret.ts')>('src/lib/key-secret.ts');
    const secret = generateKeySecret();
    io.stdout.write(flags.json ? `${JSON.stringify({ secret })}\n` : `${secret}\n`);
    return EXIT.ok;
  },
};

export const keyCommands: readonly LocalCommand[] = [recover, generate];
