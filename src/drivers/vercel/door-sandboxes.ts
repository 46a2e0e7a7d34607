// Vercel's sandboxes for a server without runners: each call is short, and any process may make it again. What is
// known of a sandbox is what Vercel says of it, and its labels. Given to the door by whoever composes the server.
import { SeedError } from '../../protocol/errors.ts';
import { askedAgain } from '../remote/asked-again.ts';
import { keep, readUsage } from '../remote/keeper.ts';
import { idOfName, LABELS, sandboxName } from '../remote/names.ts';
import type { VendorSandbox } from '../remote/vendor.ts';
import type { VercelSettings } from './settings.ts';
import { createVercelVendor } from './vendor.ts';

/** How long a call waits for what may pass: whoever calls has a function's time, and calls again. */
const WITHIN_MS = 8_000;
const GONE_WITHIN_MS = 10_000;
const GONE_AGAIN_MS = 250;
const KEEPER_MS = 10_000;
/** So long after its deadline one that has ended is still told of, for its bill. */
const KEPT_MS = 15 * 60_000;

export interface AskedSandbox {
  owner: string;
  taskId: string;
  until: Date;
  limits: { vcpus: number; memoryBytes: number; diskBytes: number };
  forward: { name: string; url: string };
}

/** @throws SeedError setup_failed without the SDK */
export async function createVercelSandboxes(settings: VercelSettings) {
  const vendor = await createVercelVendor(settings);
  const { installation } = settings;
  const again = <Answer>(call: () => Promise<Answer>) => askedAgain(call, { withinMs: WITHIN_MS });
  const isOurs = ({ labels }: VendorSandbox) => labels[LABELS.installation] === installation;

  async function find(id: string): Promise<VendorSandbox | null> {
    const found = await again(() => vendor.find(sandboxName(id)));
    return found !== null && isOurs(found) ? found : null;
  }

  async function create(id: string, { owner, taskId, until, limits, forward }: AskedSandbox) {
    const labels = {
      [LABELS.installation]: installation,
      [LABELS.runner]: owner,
      [LABELS.task]: taskId,
      [LABELS.deadline]: String(Math.ceil(until.getTime() / 1000)),
      [LABELS.disk]: String(limits.diskBytes),
    };
    const lifeMs = Math.min(vendor.longestLifeMs, Math.max(1_000, until.getTime() - Date.now()));
    const { vcpus, memoryBytes } = limits;
    const to = { host: forward.name, url: forward.url };
    const wish = { name: sandboxName(id), labels, lifeMs, vcpus, memoryBytes, forward: to };
    try {
      return await again(() => vendor.create(wish));
    } catch (error) {
      if ((error as SeedError).code !== 'conflict') throw error;
      const there = await find(id);
      if (there?.labels[LABELS.task] === taskId && there.state !== 'ended') return there;
      throw new SeedError('sandbox_failed', `There was a sandbox ${id} already, which has ended.`, {
        cause: error,
      });
    }
  }

  return {
    vendor: vendor.name,
    /**
     * Where one of this id and task is there already, that is it. @throws SeedError sandbox_failed and vendors'
     */
    create: async (id: string, asked: AskedSandbox) => ({ vendorId: (await create(id, asked)).vendorId }),
    /** Nothing happens where it has been started. @throws SeedError sandbox_failed when it is gone */
    async startGuest(id: string, { door }: { door: string }): Promise<void> {
      const found = await find(id);
      if (found === null || found.state === 'ended')
        throw new SeedError('sandbox_failed', `The sandbox ${id} is gone.`);
      const leftMs = Number(found.labels[LABELS.deadline]) * 1000 - Date.now();
      const command = keep.run(leftMs, Number(found.labels[LABELS.disk] ?? 0), door);
      await again(() => vendor.startDetached(found, command));
    },
    async status(id: string): Promise<'running' | 'gone'> {
      const found = await find(id);
      return found === null || found.state === 'ended' ? 'gone' : 'running';
    },
    /** @throws SeedError unavailable where Vercel has not ended it yet: it is to be asked again */
    async kill(id: string): Promise<void> {
      const until = performance.now() + GONE_WITHIN_MS;
      for (let isTold = false; ; ) {
        const found = await find(id);
        if (found === null || found.state === 'ended') return;
        if (!isTold) await again(() => vendor.destroy(found));
        isTold = true;
        if (performance.now() >= until)
          throw new SeedError('unavailable', `Vercel has not ended the sandbox ${id} yet.`, {
            retryAfterSeconds: 5,
          });
        await new Promise((resolve) => setTimeout(resolve, GONE_AGAIN_MS));
      }
    },
    /** Those that run. What has long ended Vercel is to forget. */
    async list(owner: string): Promise<{ id: string; taskId: string }[]> {
      const all = (await again(() => vendor.list(LABELS.runner, owner))).filter(isOurs);
      const isOld = ({ labels }: VendorSandbox) => Date.now() > Number(labels[LABELS.deadline]) * 1000 + KEPT_MS;
      for (const sandbox of all.filter((one) => one.state === 'ended' && isOld(one)))
        await vendor.forget(sandbox).catch(() => undefined);
      return all
        .filter(({ state }) => state !== 'ended')
        .flatMap(({ name, labels }) => {
          const id = idOfName(name);
          return id === null ? [] : [{ id, taskId: labels[LABELS.task] ?? '' }];
        });
    },
    /** What Vercel bills of one that has ended; of one that runs, what its keeper measures. Null: not known. */
    async usage(id: string): Promise<{ cpuSeconds: number; peakMemoryBytes: number; wallMs: number } | null> {
      const found = await find(id);
      if (found?.livedMs === undefined) return null;
      if (found.state === 'ended') {
        if (found.usage === undefined) return null;
        // Memory is billed as it was given, not as it was used.
        return {
          cpuSeconds: found.usage.cpuSeconds,
          peakMemoryBytes: found.memoryBytes ?? 0,
          wallMs: found.livedMs,
        };
      }
      const { stdout } = await again(() => vendor.run(found, keep.usage, { timeoutMs: KEEPER_MS }));
      const account = readUsage(stdout);
      if (account === null) return null;
      return { cpuSeconds: account.cpuSeconds, peakMemoryBytes: account.memoryBytes, wallMs: found.livedMs };
    },
  };
}
