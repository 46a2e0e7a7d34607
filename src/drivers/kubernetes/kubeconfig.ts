// Reads the files that KUBECONFIG names: the current context's cluster and user. Whatever would need a program to
// be run, or would leave the API unproven, is refused and not left out: without it somebody else would be asked.
import { delimiter, dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { SeedError } from '../../protocol/errors.ts';
import { type Credentials, secretFile } from './credentials.ts';

const named = <Shape extends z.ZodType>(name: string, shape: Shape) =>
  z.array(z.object({ name: z.string(), [name]: shape })).nullish();

const Cluster = z.looseObject({
  server: z.string(),
  'certificate-authority': z.string().optional(),
  'certificate-authority-data': z.string().optional(),
  'tls-server-name': z.string().optional(),
});
const User = z.looseObject({
  'client-certificate': z.string().optional(),
  'client-certificate-data': z.string().optional(),
  'client-key': z.string().optional(),
  'client-key-data': z.string().optional(),
  token: z.string().optional(),
  tokenFile: z.string().optional(),
});
const Context = z.looseObject({ cluster: z.string(), user: z.string(), namespace: z.string().optional() });
const Kubeconfig = z.looseObject({
  'current-context': z.string().nullish(),
  clusters: named('cluster', Cluster),
  users: named('user', User),
  contexts: named('context', Context),
});
type Part = 'cluster' | 'user' | 'context';

/** What would be needed for these and is not had here. */
const REFUSED: Record<string, string> = {
  exec: 'runs a program for its credentials (exec); give the user a token, a tokenFile or a client certificate',
  'auth-provider': 'has an auth-provider, which Kubernetes itself has given up; use a token or a certificate',
  username: 'has a password (basic authentication), which Kubernetes takes no more',
  as: 'acts as somebody else (as); give Seed a user of its own',
  'insecure-skip-tls-verify': 'does not verify the API’s certificate; set certificate-authority instead',
  'proxy-url': 'goes through a proxy (proxy-url), which Seed cannot',
};

/**
 * @param files paths with the system's delimiter between them; as for kubectl, what comes first counts
 * @throws SeedError invalid_settings, setup_failed for a file that cannot be read
 */
export async function readKubeconfig(files: string): Promise<Credentials> {
  const configs = await Promise.all(files.split(delimiter).filter(Boolean).map(readFile));
  const current = configs.find(({ config }) => config['current-context'])?.config['current-context'];
  if (!current) throw wrong(files, 'has no current-context');
  const find = <Value>(part: Part, name: string) => {
    for (const { config, folder } of configs) {
      const entry = config[`${part}s`]?.find((candidate) => candidate.name === name);
      if (entry?.[part] !== undefined) return { ...(entry[part] as Value & object), folder };
    }
    throw wrong(files, `has no ${part} "${name}"`);
  };
  const context = find<z.output<typeof Context>>('context', current);
  const cluster = find<z.output<typeof Cluster>>('cluster', context.cluster);
  const user = find<z.output<typeof User>>('user', context.user);
  for (const [field, why] of Object.entries(REFUSED)) {
    const value = { ...cluster, ...user }[field];
    if (value) throw wrong(files, `${why}. It is the context "${current}"`);
  }
  const url = URL.parse(cluster.server);
  if (url?.protocol !== 'https:' || url.username || url.search) {
    throw wrong(files, `has the server "${cluster.server}", which is no address that begins with https://`);
  }
  return {
    server: cluster.server.replace(/\/+$/, ''),
    serverName: cluster['tls-server-name'],
    namespace: context.namespace,
    async read() {
      const given = [
        content(cluster, 'certificate-authority'),
        content(user, 'client-certificate'),
        content(user, 'client-key'),
        user.tokenFile === undefined ? user.token : secretFile(resolve(user.folder, user.tokenFile)),
      ];
      const [ca, cert, key, token] = await Promise.all(given);
      return { ca, cert, key, token: token?.trim() };
    },
  };
}

async function readFile(path: string) {
  const problem = (why: string) => wrong(path, `is no kubeconfig: ${why}`);
  let yaml: unknown;
  const text = await secretFile(path);
  try {
    yaml = parse(text);
  } catch (error) {
    throw problem((error as Error).message);
  }
  const read = Kubeconfig.safeParse(yaml);
  if (!read.success) throw problem(z.prettifyError(read.error));
  return { config: read.data, folder: dirname(resolve(path)) };
}

/** What a field has within the file, else in the file that it names, from its own file's folder. */
async function content(from: { folder: string; [field: string]: unknown }, field: string) {
  const [within, path] = [from[`${field}-data`], from[field]];
  if (typeof within === 'string' && within !== '') return Buffer.from(within, 'base64').toString('utf8');
  return typeof path === 'string' && path !== '' ? secretFile(resolve(from.folder, path)) : undefined;
}

const wrong = (files: string, what: string) => new SeedError('invalid_settings', `KUBECONFIG (${files}) ${what}`);
