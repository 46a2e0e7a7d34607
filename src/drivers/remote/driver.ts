// The driver over any vendor's sandboxes: a guest that listens, run by its keeper, reached over a stream through
// the bridge. Each vendor's driver.ts gives it a Vendor.
//
// The id is written down before anything is made, and gives the sandbox's name. The vendor's own limit is the
// deadline, and so is the keeper's: with everything of ours dead, both hold.
import { dateOfMoment } from '../../lib/clock.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Driver, Limits, SandboxId, Snapshot } from '../driver.ts';
import { askedAgain } from './asked-again.ts';
import { createOnce } from './create-once.ts';
import { BRIDGE, keep } from './keeper.ts';
import { idOfName, isProbe, LABELS, sandboxName } from './names.ts';
import { probeVendor } from './probe.ts';
import { createRemoteSandboxes, type Followed } from './sandboxes.ts';
import { createStarts } from './starts.ts';
import type { Ran, Vendor } from './vendor.ts';

const KEEPER_MS = 10_000;
const KEEPER = { withinMs: KEEPER_MS };
/** So long after the keeper the vendor is told: a sandbox's own words on its end are heard then. */
const VENDOR_LATER_MS = 2_000;

export interface RemoteDriverParts {
  vendor: Vendor;
  /** The runner whose sandboxes it starts. */
  owner: string;
  installation: string;
}

export function createRemoteDriver({ vendor, owner, installation }: RemoteDriverParts): Driver {
  const sandboxes = createRemoteSandboxes(vendor);
  const starts = createStarts((id) => sandboxes.kill(id));

  /** @throws SeedError sandbox_failed when it has ended */
  async function running(id: SandboxId): Promise<Followed> {
    const found = await sandboxes.find(id);
    if ('sandbox' in found) return found;
    throw new SeedError('sandbox_failed', `The sandbox ${id} has ended.`);
  }

  const ids = (found: readonly { name: string }[]) => found.flatMap(({ name }) => idOfName(name) ?? []);
  /** Of this installation alone: vendors list by one label. */
  const listed = async (label: string, value: string) =>
    (await askedAgain(() => vendor.list(label, value))).filter(
      ({ labels }) => labels[LABELS.installation] === installation,
    );

  async function start(id: SandboxId, limits: Limits): Promise<void> {
    const { deadline, diskBytes, vcpus, memoryBytes } = limits;
    const leftMs = () => Math.max(0, deadline - performance.now());
    const labels = {
      [LABELS.installation]: installation,
      [LABELS.runner]: owner,
      [LABELS.deadline]: String(Math.ceil(dateOfMoment(deadline).getTime() / 1000)),
    };
    const lifeMs = Math.min(vendor.longestLifeMs, leftMs() + VENDOR_LATER_MS);
    const wish = { name: sandboxName(id), labels, lifeMs, vcpus, memoryBytes };
    const sandbox = await createOnce(vendor, wish);
    const startGuest = () =>
      askedAgain(async () => {
        if (!vendor.isWarm) return vendor.startDetached(sandbox, keep.run(leftMs(), diskBytes));
        const bound = await vendor.run(sandbox, keep.bind(leftMs(), diskBytes), { timeoutMs: KEEPER_MS });
        if (bound.code !== 0) throw refusal(`No guest waits in the sandbox ${id}`, bound);
      }, KEEPER);
    await startGuest();
    sandboxes.follow(id, sandbox, startGuest);
  }

  const notPausable = async () => {
    throw new SeedError('not_supported', `A sandbox of ${vendor.name} cannot be paused.`);
  };

  return {
    name: vendor.name,
    can: {
      ...{ link: 'stream', pause: false, reconnect: true, handover: true },
      longestLifeMs: vendor.longestLifeMs - VENDOR_LATER_MS,
    },
    reach: `${vendor.reach}/${installation}`,
    version: async () => vendor.snapshotId,
    probe: () => probeVendor(vendor, installation),
    async freeze(): Promise<Snapshot> {
      const id = vendor.snapshotId;
      return { id, driver: vendor.name, dir: '', image: { id, rootfs: '', command: keep.run(0, 0) } };
    },
    start: (_snapshot, limits, id) =>
      starts.run(id, async () => {
        try {
          await start(id, limits);
        } catch (error) {
          // One that is there although its answer was lost; another's that has the name is not ours to end.
          if (!isTaken(error as SeedError)) await sandboxes.kill(id);
          throw error;
        }
      }),
    async connect(id) {
      const found = await running(id);
      try {
        return await sandboxes.connect(found, BRIDGE);
      } catch (error) {
        // It may have ended just now: then there is nothing to wait for.
        if ((error as SeedError).code !== 'unreachable') await running(id);
        throw error;
      }
    },
    async status(id) {
      const found = await sandboxes.find(id);
      return 'sandbox' in found ? 'running' : found;
    },
    ended: (id) => sandboxes.ended(id),
    usage: (id) => sandboxes.usage(id),
    // Nothing at a vendor watches a process elsewhere: its own deadline and the sweeps of others end it.
    guard: async (id) => void (await running(id)),
    async tighten(id, deadline) {
      const found = await running(id);
      // A vendor's limit can be made later, too: what was told before stays.
      if (deadline >= found.diesAt) return;
      const { sandbox } = found;
      const leftMs = () => Math.max(0, deadline - performance.now());
      const told = await askedAgain(
        () => vendor.run(sandbox, keep.until(leftMs()), { timeoutMs: KEEPER_MS }),
        KEEPER,
      );
      if (told.code !== 0) throw refusal(`The keeper of ${id} takes no deadline`, told);
      await askedAgain(() => vendor.limitLife(sandbox, leftMs() + VENDOR_LATER_MS), KEEPER);
      found.diesAt = deadline;
    },
    pause: notPausable,
    resume: notPausable,
    kill: starts.kill,
    async sweep(of) {
      const found = ids(await listed(LABELS.runner, of));
      await Promise.all(found.map((id) => sandboxes.kill(id)));
      return found;
    },
    adopt: async (id, by) => sandboxes.relabel(await running(id), { [LABELS.runner]: by }),
    async all() {
      const found = await listed(LABELS.installation, installation);
      return found.flatMap(({ name, labels, state }) => {
        const id = idOfName(name);
        if (id === null || (isProbe(id) && state !== 'ended')) return [];
        return [{ id, owner: labels[LABELS.runner] ?? '' }];
      });
    },
    clean: () => sandboxes.clean(),
  };
}

/** Another sandbox has the name. */
const isTaken = ({ cause }: SeedError): boolean => (cause as SeedError | undefined)?.code === 'conflict';

const SAID_LENGTH = 300;

/** With the keeper's own words, where it has any. */
function refusal(what: string, { code, stderr }: Ran): SeedError {
  const said = stderr.trim().slice(-SAID_LENGTH);
  return new SeedError('sandbox_failed', `${what}: ${said === '' ? `it ended with code ${code}` : said}`);
}
