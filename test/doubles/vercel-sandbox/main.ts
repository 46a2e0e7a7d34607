// Vercel Sandbox on this machine, for whoever has no account there: what its SDK (@vercel/sandbox 3.5) calls, with
// real programs in real sandboxes.
//
//   node test/doubles/vercel-sandbox/main.ts [--port 4747] [--cut-after <seconds>]
//
// It prints what to set for a Seed, and works until it is interrupted. Then, in another shell with those set:
//
//   node scripts/setup-sandbox-snapshot.ts --driver vercel     # prints the SANDBOX_SNAPSHOT_ID to set
//   npm start
//
// What is as at Vercel: named sandboxes with sessions, tags, time limits that can only be made longer, commands
// waited for or detached with their logs as text, files, terminals over WebSocket, snapshots of the file system
// (of /vercel and /opt/seed), a network policy whose forwardURL is asked with the vercel-forwarded-* headers and
// a token of an issuer (<origin>/oidc, its keys at /.well-known/jwks), streams cut after five minutes, bills.
// What is not: machines are gVisor's with Debian and no network but their loopback. Names that a policy forwards
// are their own machine's in /etc/hosts, and a proxy in the sandbox passes connections to their ports 443 and 80 on
// to the double, which speaks HTTP/1.1 there, reads the name from the handshake (SNI) and ends those of other names;
// it takes dots out of a path, as any proxy may. So no packet leaves a machine, whatever the policy: that it is kept
// by the vendor, and what its name servers answer, only an account shows. Names that are allowed without a
// forwardURL are not reached. There is no sudo: a command that begins with it is run as root.
// What a snapshot has in /opt/seed cannot be written in what starts from it.
import { parseArgs } from 'node:util';
import { cacheDirSetting } from '../../../src/lib/settings.ts';
import { startVercelDouble } from './double.ts';

const { values } = parseArgs({ options: { port: { type: 'string' }, 'cut-after': { type: 'string' } } });
const double = await startVercelDouble({
  cacheDir: cacheDirSetting(),
  ...(values.port !== undefined && { port: Number(values.port) }),
  ...(values['cut-after'] !== undefined && { cutStreamsAfterMs: Number(values['cut-after']) * 1000 }),
});
for (const [name, value] of Object.entries(double.env)) console.log(`export ${name}=${value}`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void double[Symbol.asyncDispose]().then(() => process.exit(0)));
}
