// Names to addresses, by asking name servers directly: the system's own look-up shares four threads with everything else, and
// slow names of one account would hold up the deliveries of all others.
import { Resolver } from 'node:dns/promises';

/** All addresses of the name; none when it has none or they cannot be had. */
export type Resolve = (hostname: string) => Promise<string[]>;

const TIMEOUT_MS = 3_000;
const TRIES = 2;
/** Always this machine (RFC 6761, section 6.3); no name server is asked. */
const LOCALHOST = /(^|\.)localhost\.?$/;

export const resolveByDns: Resolve = async (hostname) => {
  if (LOCALHOST.test(hostname)) return ['127.0.0.1', '::1'];
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  const answers = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
  return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
};
