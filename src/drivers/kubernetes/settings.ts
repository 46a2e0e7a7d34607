// The settings of this driver, from the environment; docs/kubernetes.md describes each.
import { env } from '../../lib/env.ts';
import { choiceSetting, integerSetting } from '../../lib/settings.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Isolation } from '../driver.ts';

export interface KubernetesSettings {
  /** Missing: that of the credentials. */
  namespace: string | undefined;
  /** The sandbox image, as its registry or the nodes know it. */
  image: string;
  /** Null: that of the cluster, which somebody has said to be wanted. */
  runtimeClass: string | null;
  /** The ConfigMap that lives as long as this installation; null: nothing in the cluster cleans up after it. */
  owner: string | null;
  mode: 'pods' | 'agent-sandbox';
  /** In mode `agent-sandbox`: the SandboxWarmPool. */
  warmPool: string | null;
  /** What the operator knows of the RuntimeClass; null: what the probe finds. */
  isolation: Isolation | null;
  pullSecret: string | null;
  /** How many times its share of a processor a sandbox may use: its request is that part of its limit. */
  cpuOvercommit: number;
}

const MOST_OVERCOMMIT = 100;
/** The name of an object, also as a label's value. */
const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** @throws SeedError invalid_settings, naming the variable */
export function readKubernetesSettings(): KubernetesSettings {
  const mode = choiceSetting('SEED_KUBERNETES_MODE', 'pods', ['pods', 'agent-sandbox']);
  const runtimeClass = required(
    'SEED_KUBERNETES_RUNTIME_CLASS',
    'Set it to the RuntimeClass of sandboxes, such as gvisor, or to none for that of all pods.',
  );
  return {
    namespace: env('SEED_KUBERNETES_NAMESPACE'),
    image: required('SEED_KUBERNETES_IMAGE', 'Set it to the sandbox image: npm run image -- sandbox makes it.'),
    runtimeClass: runtimeClass === 'none' ? null : runtimeClass,
    owner: nameSetting('SEED_KUBERNETES_OWNER'),
    mode,
    warmPool: nameSetting('SEED_KUBERNETES_WARM_POOL'),
    isolation: isolationSetting(),
    pullSecret: env('SEED_KUBERNETES_PULL_SECRET') ?? null,
    cpuOvercommit: integerSetting('SEED_KUBERNETES_CPU_OVERCOMMIT', 1, 1, MOST_OVERCOMMIT),
  };
}

function isolationSetting(): Isolation | null {
  const choices = ['probe', 'vm', 'user-kernel', 'container'] as const;
  const said = choiceSetting('SEED_KUBERNETES_ISOLATION', 'probe', choices);
  return said === 'probe' ? null : said;
}

function nameSetting(name: string): string | null {
  const value = env(name) ?? null;
  if (value === null || NAME.test(value)) return value;
  throw new SeedError('invalid_settings', `${name} is "${value}", which is no name of an object`, {
    hint: 'Lower-case letters, digits and dashes, at most 63.',
  });
}

function required(name: string, hint: string): string {
  const value = env(name);
  if (value !== undefined) return value;
  throw new SeedError('invalid_settings', `${name} is not set`, { hint });
}
