// The Kubernetes driver: sandboxes are pods of a cluster, reached over its API. Chosen by name only.
import { setTimeout as sleep } from 'node:timers/promises';
import { SeedError } from '../../protocol/errors.ts';
import type { Driver } from '../driver.ts';
import { patient } from '../patience.ts';
import { createClaimsDriver } from './claims-driver.ts';
import { createKubeClient, type KubeClient } from './client.ts';
import { findCredentials } from './find-credentials.ts';
import { LISTENING_GUEST } from './listening-guest.ts';
import type { KubeObject } from './object.ts';
import type { PodTraits } from './pod-spec.ts';
import { createPodsDriver } from './pods-driver.ts';
import { readKubernetesSettings } from './settings.ts';

const API_WITHIN_MS = 60_000;
const AGAIN_MS = 500;

/**
 * @param owner the runner whose sandboxes it starts
 * @throws SeedError invalid_settings, setup_failed, or what the API says: the driver is then not usable
 */
export async function createKubernetesDriver({ owner }: { owner: string }): Promise<Driver> {
  const settings = readKubernetesSettings();
  const client = createKubeClient(await findCredentials(), settings.namespace);
  const installation = settings.owner ?? 'seed';
  const object = settings.owner === null ? null : await findOwner(client, settings.owner);
  const traits: PodTraits = {
    ...settings,
    installation,
    command: LISTENING_GUEST,
    ownerReference: object && {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      name: object.metadata.name,
      uid: object.metadata.uid,
    },
  };
  const reach = object?.metadata.uid ?? `${client.server}/${client.namespace}/${installation}`;
  const parts = { client, traits, owner, reach, said: settings.isolation };
  if (settings.mode === 'pods') return createPodsDriver(parts);
  const { warmPool } = settings;
  if (warmPool === null) throw new SeedError('invalid_settings', 'SEED_KUBERNETES_WARM_POOL is not set');
  return createClaimsDriver({ ...parts, warmPool });
}

/** A runner may start before its cluster's API answers, as on a cluster that starts itself. */
async function findOwner(client: KubeClient, name: string): Promise<KubeObject> {
  const until = performance.now() + patient(API_WITHIN_MS);
  for (;;) {
    try {
      return await client.get<KubeObject>(`configmaps/${name}`);
    } catch (error) {
      const { code } = error as SeedError;
      if (code === 'not_found') {
        const what = `SEED_KUBERNETES_OWNER is "${name}", and there is no such ConfigMap in ${client.namespace}`;
        throw new SeedError('invalid_settings', what, { cause: error });
      }
      if (code !== 'unreachable' || performance.now() >= until) throw error;
      await sleep(AGAIN_MS);
    }
  }
}
