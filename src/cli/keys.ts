// seed keys recover and seed keys generate: keys without a server that lets one in. Used by repository.ts.
import { EXIT } from './exit-codes.ts';
import { dataDirOf } from './folders.ts';
import type { LocalCommand } from './local-command.ts';
import { REPOSITORY } from './repository-root.ts';

const recover: LocalCommand = {
  name: 'keys recover',
  summary: 'On the machine of the server: make a new admin key, when none is left that works',
  usage: 'seed keys recover [--account <id>]',
  flags: [{ name: '--account <id>', summary: "The account to make it for [default the operator's]" }],
  options: { account: { type: 'string' } },
  alsoOnServer: true,
  examples: ['seed keys recover', 'DATABASE_URL=postgres://… seed keys recover'],
  async run(io, flags, { account }) {
    // By address: the database stays out of the bundle that bin/seed starts.
    const address = new URL('src/server/access/recover-admin-key.ts', REPOSITORY).href;
    const { recoverAdminKey } = (await import(
      address
    )) as typeof import('../server/access/recover-admin-key.ts');
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
    const address = new URL('src/lib/key-secret.ts', REPOSITORY).href;
    const { generateKeySecret } = (await import(address)) as typeof import('../lib/key-secret.ts');
    const secret = generateKeySecret();
    io.stdout.write(flags.json ? `${JSON.stringify({ secret })}\n` : `${secret}\n`);
    return EXIT.ok;
  },
};

export const keyCommands: readonly LocalCommand[] = [recover, generate];
