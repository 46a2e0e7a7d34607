// How a process proves to the Kubernetes API who it is, and knows the API's certificate. The service account of a
// pod; kubeconfig.ts has the other way. Files are read at each use, for all of them rotate.
import { readFile } from 'node:fs/promises';
import { readIfThere } from '../../lib/read-if-there.ts';
import { SeedError } from '../../protocol/errors.ts';

/** What is presented to the API and demanded of it at one moment. */
export interface Proof {
  /** The certificates (PEM) that the API's own has to go back to; undefined: those that the machine trusts. */
  ca: string | undefined;
  cert: string | undefined;
  key: string | undefined;
  token: string | undefined;
}

export interface Credentials {
  /** The API's address: https, maybe with a path, without a slash at its end. */
  server: string;
  /** The name that the API's certificate has to have; undefined: that of the address. */
  serverName?: string | undefined;
  /** The namespace that goes with them, if any. */
  namespace: string | undefined;
  /** As they are now. @throws SeedError setup_failed for a file that cannot be read */
  read(): Promise<Proof>;
}

/** @param folder where the kubelet keeps the pod's token, which it replaces before it expires */
export async function serviceAccount(server: string, folder: string): Promise<Credentials> {
  const read = async (): Promise<Proof> => {
    const [token, ca] = await Promise.all(['token', 'ca.crt'].map((name) => secretFile(`${folder}/${name}`)));
    return { token: token?.trim(), ca, cert: undefined, key: undefined };
  };
  return { server, namespace: (await readIfThere(`${folder}/namespace`))?.trim() || undefined, read };
}

/** @throws SeedError setup_failed */
export async function secretFile(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new SeedError(
      'setup_failed',
      `${path}, of the way to the Kubernetes API, cannot be read: ${cause.code}`,
      {
        hint: 'Is the service account’s token mounted, and KUBECONFIG right?',
        cause,
      },
    );
  });
}
