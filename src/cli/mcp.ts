// seed mcp: the server's MCP over stdio, for clients that start a process. Used by repository.ts.
import { SeedError } from '../protocol/errors.ts';
import { EXIT } from './exit-codes.ts';
import type { LocalCommand } from './local-command.ts';
import { bridgeMcp } from './mcp-bridge.ts';
import { loadProfile } from './profile.ts';

export const mcp: LocalCommand = {
  name: 'mcp',
  summary: 'Speak MCP over stdin and stdout, as the key in use; clients start this by themselves',
  usage: 'seed mcp [--core]',
  flags: [{ name: '--core', summary: 'Only the tools for tasks, for clients that choke on long lists' }],
  options: { core: { type: 'boolean' } },
  examples: ['seed mcp install claude-code', 'seed mcp'],
  async run(io, flags, values) {
    const { url, key } = loadProfile(io, flags.url);
    if (key === null) {
      throw new SeedError('not_authenticated', `no key is known for ${url}`, {
        hint: `Log in: seed login --url ${url}, or set SEED_API_KEY.`,
      });
    }
    const query = values['core'] === true ? '?tools=core' : '';
    await bridgeMcp(io, { url, key, endpoint: `${url}/mcp${query}` });
    return EXIT.ok;
  },
};
