// What the door needs of a vendor of sandboxes. Drivers implement it; whoever composes the server gives it one.

/** Each call is short, and any may be made again by another process after a crash, or beside it. */
export interface DoorSandboxes {
  /** Such as `vercel`. */
  readonly vendor: string;
  /**
   * Creates the sandbox, of which nothing is reachable but the one name; where one of this id is there already,
   * that is it. It ends at `until`, whoever is alive.
   * @returns how the vendor's tokens name it
   * @throws SeedError unreachable, unavailable or too_many_requests, where it may be tried again
   */
  create(
    id: string,
    asked: {
      /** Written on it, with the task, so that it is found again. */
      owner: string;
      taskId: string;
      until: Date;
      limits: { vcpus: number; memoryBytes: number; diskBytes: number; processes: number };
      /** Requests to this name, and to no other, leave it, and go to the URL, with a token of the vendor's. */
      forward: { name: string; url: string };
    },
  ): Promise<{ vendorId: string }>;
  /** Starts the guest in it, without waiting for it; once, however often it is asked. Throws likewise. */
  startGuest(id: string, guest: { door: string }): Promise<void>;
  status(id: string): Promise<'running' | 'gone'>;
  /** Resolves when the vendor says that it is gone, also where it never was. Throws likewise. */
  kill(id: string): Promise<void>;
  /** Those that are there of this owner. */
  list(owner: string): Promise<{ id: string; taskId: string }[]>;
  /** By the vendor's figures, of one that is gone as well; null: it has none, or none yet. */
  usage(id: string): Promise<SandboxUsage | null>;
}

export interface SandboxUsage {
  cpuSeconds: number;
  peakMemoryBytes: number;
  wallMs: number;
}

export type AskedSandbox = Parameters<DoorSandboxes['create']>[1];
