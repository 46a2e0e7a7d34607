// The interface between the runner and the technologies that make sandboxes. What a feature needs of one is here.
import type { Duplex } from 'node:stream';

export type SandboxId = string;

/** What a sandbox is made from: a root file system and the program that runs in it. */
export interface Image {
  /** Content hash over everything that went in. */
  id: string;
  /** Folder with the Debian root file system, Node, Pi and the guest. */
  rootfs: string;
  /** What went in, by name, for people. */
  inputs?: Readonly<Record<string, string>>;
  /** The guest's command line inside the sandbox, absolute path first. */
  command: readonly string[];
}

/** A sandbox frozen after its agent has loaded; holds no identity and no secret. */
export interface Snapshot {
  id: string;
  driver: string;
  dir: string;
  image: Image;
}

export interface Limits {
  /** The independent supervisor kills the sandbox at this moment of `performance.now()`, whoever else is alive. */
  deadline: number;
  /** Upper bound of the writable layer (/workspace and /tmp together with what lies under them). */
  diskBytes: number;
  /** Upper bound of the sandbox's memory where the host lets the driver enforce one. */
  memoryBytes: number;
  /** Processors that the sandbox may use. */
  vcpus: number;
  /** Upper bound of processes at a time, those of the guest's own included. */
  processes: number;
}

/** How much is kept of what a sandbox, or what runs it, has said at its end. */
export const DETAIL_BYTES = 2048;

export type Exit =
  /** `detail`: the end of what a program that failed has said on standard error, at most 2 KiB. */
  | { reason: 'exited'; code: number; detail?: string }
  /** Killed by kill(). */
  | { reason: 'killed' }
  /** Killed by the supervisor at its deadline. */
  | { reason: 'deadline' }
  /** Its guest program was killed because the sandbox had no memory left. */
  | { reason: 'out_of_memory' }
  /** Died in another way; `detail`: the end of the driver's diagnostics, at most 2 KiB, maybe with host paths. */
  | { reason: 'lost'; detail: string };

export interface Usage {
  cpuSeconds: number;
  peakMemoryBytes: number;
  /** Why the host did not let it be measured; null: the figures are what it used. */
  problem: string | null;
}

/** What is left of a sandbox that has ended. */
export interface Leftover {
  id: SandboxId;
  /** Why it could not be removed. */
  problem: string;
}

/** How far the machine's technology separates a sandbox from the host. */
export type Isolation = 'vm' | 'user-kernel' | 'container' | 'emulated';

export interface Probe {
  usable: boolean;
  isolation: Isolation;
  /** Why it is not usable and what to do about it. Present exactly when it is not usable. */
  why?: string;
  /** What should be known of it although it is usable, such as that it is old. */
  warning?: string;
}

/** What a driver's technology can do. */
export interface Abilities {
  /** How its guests are reached: over a byte stream, or only by a door, HTTPS that is forwarded to the server. */
  link: 'stream' | 'door';
  /** Whether a sandbox that waits can be taken off the processor. Where waiting costs nothing it need not be. */
  pause: boolean;
  /** Whether a stream that broke can be opened again while its sandbox runs. */
  reconnect: boolean;
  /** Whether a sandbox outlives its runner and another one can take it over, by `connect` and `adopt`. */
  handover: boolean;
  /** The longest life that it gives a sandbox; null where there is no such limit. */
  longestLifeMs: number | null;
}

/** What a sandbox is doing, or how it ended. One that a driver does not know has ended: its `reason` is `lost`. */
export type Status = 'running' | 'paused' | Exit;

/**
 * Sandboxes go by their ids and not by objects: one may outlive the process that started it, and another process
 * with a driver on the same data can then ask for it. An id that is not known is that of a sandbox that was lost.
 * Moments are those of `performance.now()` in the process that calls, which no set clock can move.
 */
export interface Driver {
  readonly name: string;
  readonly can: Abilities;
  /** With `can.handover`: within which sandboxes go by the same ids, such as a cluster and its namespace. */
  readonly reach?: string;
  /** Changes with whatever makes its snapshots unusable. Missing: they are not compared by it. */
  version?(): Promise<string>;
  /** Proves by starting something that it can run here. Never trusts the mere presence of a device or binary. */
  probe(): Promise<Probe>;
  /** Boots the image, lets the guest load its agent, freezes it. The same inputs give the same snapshot id. */
  freeze(image: Image, onProgress: (message: string) => void): Promise<Snapshot>;
  /** Starts a sandbox, whose id is written down before. @throws SeedError sandbox_failed, leaving nothing */
  start(snapshot: Snapshot, limits: Limits, id: SandboxId): Promise<void>;
  /**
   * The sandbox's stream, its only way in or out: once, also when it has just ended, for its last words; again
   * after a loss where the driver can. @throws SeedError sandbox_failed when there is none, not_supported
   */
  connect(id: SandboxId): Promise<Duplex>;
  status(id: SandboxId): Promise<Status>;
  /** Resolves when no process of the sandbox is left; never rejects. */
  ended(id: SandboxId): Promise<Exit>;
  /** What it uses, or has used. Never rejects. */
  usage(id: SandboxId): Promise<Usage>;
  /**
   * For a sandbox that is to wait for its task: until it is told a deadline by `tighten` it dies as soon as this
   * process is gone. @throws SeedError sandbox_failed when the sandbox has ended
   */
  guard(id: SandboxId): Promise<void>;
  /** From now on it dies at this moment, whoever else is alive, if not earlier. Takes no time after `guard`. */
  tighten(id: SandboxId, deadline: number): Promise<void>;
  /** Takes a waiting sandbox off the processor until `resume`. @throws SeedError not_supported */
  pause(id: SandboxId): Promise<void>;
  resume(id: SandboxId): Promise<void>;
  /** Resolves with how it ended when no process of it is left. Safe to call twice; never rejects. */
  kill(id: SandboxId): Promise<Exit>;
  /**
   * Kills and removes every sandbox of this owner, a runner that is gone or has not begun to work; resolves with
   * the ids. A driver whose data folder is one runner's own ends all that is in it.
   */
  sweep(owner: string): Promise<SandboxId[]>;
  /** With `can.handover`: it is this owner's from now on. @throws SeedError sandbox_failed when it has ended */
  adopt?(id: SandboxId, owner: string): Promise<void>;
  /** With `can.handover`: every sandbox within its reach, whoever has started it, but probes at work. */
  all?(): Promise<{ id: SandboxId; owner: string }[]>;
  /** Tries again to remove what the host did not let it remove at a sandbox's end; resolves with what is left. */
  clean?(): Promise<Leftover[]>;
}
