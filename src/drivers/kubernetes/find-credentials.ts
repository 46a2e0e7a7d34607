// Chooses the way to the Kubernetes API: what KUBECONFIG names, since somebody said so, else the service account
// of the pod that this process runs in. Used by whoever makes a client.
import { isIPv6 } from 'node:net';
import { env } from '../../lib/env.ts';
import { SeedError } from '../../protocol/errors.ts';
import { type Credentials, serviceAccount } from './credentials.ts';
import { readKubeconfig } from './kubeconfig.ts';

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** @throws SeedError invalid_settings when there are none, or they are of a kind that is not taken */
export async function findCredentials(): Promise<Credentials> {
  const kubeconfig = env('KUBECONFIG');
  if (kubeconfig !== undefined) return readKubeconfig(kubeconfig);
  const [host, port] = [env('KUBERNETES_SERVICE_HOST'), env('KUBERNETES_SERVICE_PORT')];
  if (host !== undefined && port !== undefined) {
    return serviceAccount(`https://${isIPv6(host) ? `[${host}]` : host}:${port}`, SERVICE_ACCOUNT);
  }
  throw new SeedError('invalid_settings', 'There is no way to the Kubernetes API: this is no pod of a cluster', {
    hint: 'Set KUBECONFIG to the file with the way to the cluster.',
  });
}
