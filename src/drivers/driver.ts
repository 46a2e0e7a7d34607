// The interface between the runner and the technologies that make sandboxes.
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
  /** Died in another way; `detail` is the end of the driver's diagnostics, at most 2 KiB. May name paths of the host. */
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
export type Isolation = 'vm' | 'user-kernel' | 'emulated';

export interface Probe {
  usable: boolean;
  isolation: Isolation;
  /** Why it is not usable and what to do about it. Present exactly when it is not usable. */
  why?: string;
}

export interface Guard {
  /** From now on the sandbox dies at this moment, whoever else is alive, if not earlier. Takes no time. Called once. */
  tighten(deadline: number): void;
}

export interface Sandbox {
  readonly id: SandboxId;
  /** The only way in or out. */
  readonly stream: Duplex;
  /** Resolves once, when no process of the sandbox is left; never rejects. */
  readonly exited: Promise<Exit>;
  /** Never rejects. */
  usage(): Promise<Usage>;
  /**
   * For a sandbox that is to wait for its task: starts a second supervisor. Until it is told a deadline it kills the sandbox
   * as soon as this process is gone. Called once, when the sandbox runs.
   */
  guard(): Promise<Guard>;
  /** Takes a waiting sandbox off the processor until the function it resolves with is called. Missing where waiting costs nothing. */
  pause?(): Promise<() => void>;
  /** Ends the sandbox and resolves when no process of it is left. Safe to call twice; never rejects. */
  kill(): Promise<void>;
}

export interface Driver {
  readonly name: string;
  /** Changes with whatever makes its snapshots unusable. Missing: they are not compared by it. */
  version?(): Promise<string>;
  /** Proves by starting something that it can run here. Never trusts the mere presence of a device or binary. */
  probe(): Promise<Probe>;
  /** Boots the image, lets the guest load its agent, freezes it. Content-addressed: same inputs, same snapshot id. */
  freeze(image: Image, onProgress: (message: string) => void): Promise<Snapshot>;
  /** Starts a sandbox from a snapshot. `stream` is its only way in or out. */
  start(snapshot: Snapshot, limits: Limits, id: SandboxId): Promise<Sandbox>;
  /** Kills and removes every sandbox in this driver's folder. Called by a runner before it takes work; returns the ids. */
  sweep(): Promise<SandboxId[]>;
  /** Tries again to remove what the host did not let it remove when a sandbox had ended; resolves with what still is left. */
  clean?(): Promise<Leftover[]>;
}
