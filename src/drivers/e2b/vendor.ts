// E2B as a vendor of sandboxes: its API makes and ends them, envd in each runs programs. A sandbox has no name
// there: what Seed calls it is a part of its metadata, which is given once and for all. Used by driver.ts.
import { SeedError } from '../../protocol/errors.ts';
import type { Vendor, VendorSandbox, Wish } from '../remote/vendor.ts';
import type { E2bApi, E2bSandbox, ListedSandbox } from './api.ts';
import type { ConnectClient } from './connect.ts';
import { ENVD_PORT, type Envd, envdOf } from './envd.ts';
import { openProcess, runToEnd } from './process-stream.ts';
import type { E2bSettings } from './settings.ts';

const NAME = 'seed-name';
/** Envds, and names, of so many sandboxes are remembered: each envd costs a call of the API to find again. */
const REMEMBERED_MOST = 1024;

export function createE2bVendor(settings: E2bSettings, api: E2bApi, client: ConnectClient): Vendor {
  const { template, sandboxUrl, domain, input } = settings;
  /** By the vendor's ids. */
  const envds = new Map<string, Envd>();
  /** The vendor's ids by the names that this process has given; null of creations of unknown end. */
  const given = new Map<string, string | null>();

  /** @throws SeedError not_allowed */
  function remember({ sandboxID, envdAccessToken, domain: own }: E2bSandbox): Envd {
    // Without it whoever is in the sandbox could have envd do anything as root.
    if (!envdAccessToken) {
      throw new SeedError('not_allowed', `The template ${template} gives sandboxes whose envd takes everybody.`, {
        hint: 'Build it anew: its envd is older than secured access.',
      });
    }
    const url = sandboxUrl ?? `https://${ENVD_PORT}-${sandboxID}.${own || domain}`;
    const headers = { 'e2b-sandbox-id': sandboxID, 'e2b-sandbox-port': String(ENVD_PORT) };
    const envd = envdOf(client, { url, headers }, envdAccessToken);
    keep(envds, sandboxID, envd);
    return envd;
  }

  async function envdFor({ vendorId, name }: VendorSandbox): Promise<Envd> {
    const known = envds.get(vendorId);
    if (known) return known;
    const found = await api.get(vendorId);
    if (found === null) throw new SeedError('not_found', `E2B has no sandbox ${name} (${vendorId}).`);
    return remember(found);
  }

  /** One that was created twice, as the answer to the first had been lost, is there twice. */
  const named = (name: string) => api.list({ [NAME]: name });

  async function refuseTaken(name: string): Promise<void> {
    if ((await named(name)).length > 0) throw new SeedError('conflict', `E2B has a sandbox ${name}.`);
  }

  /** What it has made is its caller's to end, also where this throws. */
  async function create({ name, labels, lifeMs }: Wish): Promise<VendorSandbox> {
    if (given.has(name)) await refuseTaken(name);
    const asked = {
      templateID: template,
      timeoutSeconds: Math.max(1, Math.ceil(lifeMs / 1000)),
      metadata: { ...labels, [NAME]: name },
    };
    const known = given.has(name);
    if (!known) keep(given, name, null);
    const made = await api.create(asked).catch((error: SeedError) => {
      // Of one before this one it is still not known.
      if (error.nothingDone && !known) given.delete(name);
      throw error;
    });
    keep(given, name, made.sandboxID);
    remember(made);
    return { name, vendorId: made.sandboxID, labels, state: 'running' };
  }

  return {
    name: 'e2b',
    isolation: 'vm',
    snapshotId: template,
    reach: api.url,
    longestLifeMs: settings.longestLifeMs,
    isWarm: true,
    create,
    async find(name) {
      const all = await named(name);
      // Of one that was created twice it is that which is in use.
      const found = all.find(({ sandboxID }) => envds.has(sandboxID)) ?? all[0];
      if (found) return shown(found);
      // A list may not have yet what was just made: by its id it is known.
      const id = given.get(name);
      const made = id ? await api.get(id) : null;
      return made && shown(made);
    },
    list: async (label, value) => (await api.list({ [label]: value })).map(shown),
    async destroy({ name, vendorId }) {
      const others = (await named(name)).map(({ sandboxID }) => sandboxID);
      await Promise.all([...new Set([vendorId, ...others])].map((id) => api.kill(id)));
      envds.delete(vendorId);
      given.delete(name);
    },
    // One that has ended is not known any more; a paused one would be kept, and billed.
    forget: ({ vendorId }) => api.kill(vendorId),
    // Its metadata stays as it was made: the task that names a sandbox keeps it, whoever's it was at first.
    relabel: async () => undefined,
    // One that has ended meanwhile needs no limit.
    async limitLife({ vendorId }, lifeMs) {
      await api.setTimeout(vendorId, Math.max(0, Math.ceil(lifeMs / 1000)));
    },
    run: async (sandbox, command, options) => runToEnd(await envdFor(sandbox), command, options),
    async startDetached(sandbox, command) {
      const stream = await openProcess(await envdFor(sandbox), { command });
      stream.leave();
    },
    open: async (sandbox, command) => openProcess(await envdFor(sandbox), { command, input }),
  };
}

/** The oldest goes for one too many. */
function keep<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > REMEMBERED_MOST && oldest !== undefined) map.delete(oldest);
}

const shown = ({ sandboxID, state, metadata }: ListedSandbox): VendorSandbox => ({
  name: metadata[NAME] ?? '',
  vendorId: sandboxID,
  labels: metadata,
  state: state === 'running' ? 'running' : 'ended',
  ...(state === 'paused' && { end: { byLimit: false, why: 'E2B has paused it' } }),
});
