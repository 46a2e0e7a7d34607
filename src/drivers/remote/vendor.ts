// What a remote driver needs of whoever has the machines: calls of a vendor's API, each of which may be made
// again after its answer was lost. Implemented by a vendor's folder, such as vercel/; used by the driver over
// all of them.
import type { Duplex } from 'node:stream';
import type { Isolation } from '../driver.ts';

/** A sandbox as its vendor tells of it. */
export interface VendorSandbox {
  readonly name: string;
  /** The vendor's own id of this very one: another one of the same name has another. */
  readonly vendorId: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `ended`: nothing of it runs any more, though the vendor may still know it. */
  readonly state: 'starting' | 'running' | 'ended';
  /** Of one that has ended: whether by its time limit, and what the vendor says of it. */
  readonly end?: { byLimit: boolean; why: string };
  /** Of one that has ended, where the vendor tells; of one that runs, so far. */
  readonly livedMs?: number;
  /** What it was given. */
  readonly memoryBytes?: number;
  /** What it has used in all; missing while the vendor does not tell. */
  readonly usage?: VendorUsage;
}

export interface VendorUsage {
  cpuSeconds: number;
}

export interface Wish {
  name: string;
  labels: Readonly<Record<string, string>>;
  /** The vendor's own limit: it ends the sandbox then, whoever is alive. */
  lifeMs: number;
  vcpus: number;
  memoryBytes: number;
  /** Where the one name leads that the sandbox may reach; missing: it reaches nothing at all. */
  forward?: { host: string; url: string };
}

export interface Ran {
  code: number;
  stdout: string;
  /** What it complained of last, where it failed. */
  stderr: string;
}

/**
 * All calls throw SeedError: `unreachable` where the same call may do later (no answer, 5xx), `unavailable` with
 * `retryAfterSeconds` where the vendor asks to wait (429), `not_found` of a sandbox that is gone, and else what
 * the vendor refuses. Commands run as root of the sandbox.
 */
export interface Vendor {
  readonly name: string;
  readonly isolation: Isolation;
  /** What sandboxes start from, as the vendor calls it. */
  readonly snapshotId: string;
  /** Within which its sandboxes go by the same names, such as a project. */
  readonly reach: string;
  readonly longestLifeMs: number;
  /**
   * Whether its snapshot is one of a whole machine in which the guest waits, so that it is only told its limits.
   */
  readonly isWarm?: boolean;
  /** Not persistent, never resumed. @throws SeedError conflict where there is one of this name */
  create(wish: Wish): Promise<VendorSandbox>;
  find(name: string): Promise<VendorSandbox | null>;
  /** All with the label, those included that have ended and are still known. */
  list(label: string, value: string): Promise<VendorSandbox[]>;
  /** Resolves when it is accepted; `find` tells when nothing runs any more. */
  destroy(sandbox: VendorSandbox): Promise<void>;
  /** Of one that has ended: the vendor is to know it no longer. */
  forget(sandbox: VendorSandbox): Promise<void>;
  relabel(sandbox: VendorSandbox, labels: Readonly<Record<string, string>>): Promise<void>;
  /** The vendor's limit is at this distance from now; one that cannot make it earlier leaves it. */
  limitLife(sandbox: VendorSandbox, lifeMs: number): Promise<void>;
  /** To its end. @param timeoutMs after which it is killed there @param signal gives up waiting */
  run(
    sandbox: VendorSandbox,
    command: readonly string[],
    options: { timeoutMs: number; signal?: AbortSignal },
  ): Promise<Ran>;
  /** Resolves when it is started. It goes on whoever is connected. */
  startDetached(sandbox: VendorSandbox, command: readonly string[]): Promise<void>;
  /**
   * Its standard input and output as they are, byte by byte; ends with it. A cut destroys it with `unreachable`.
   */
  open(sandbox: VendorSandbox, command: readonly string[]): Promise<Duplex>;
}
