// What a container has used, as its own control group shows it to whoever is in the container, of version 2 or 1.
// Used by the guest at its end, and by the driver of pods, which has a program in the container read it.

const GROUP = '/sys/fs/cgroup';
const V2 = { cpu: `${GROUP}/cpu.stat`, peak: `${GROUP}/memory.peak`, current: `${GROUP}/memory.current` };
const V1 = {
  cpu: `${GROUP}/cpuacct/cpuacct.usage`,
  peak: `${GROUP}/memory/memory.max_usage_in_bytes`,
};

/** Those that are there are enough. */
export const ACCOUNT_FILES: readonly string[] = [...Object.values(V2), ...Object.values(V1)];

export interface ContainerAccount {
  cpuSeconds: number;
  peakMemoryBytes: number;
}

/** @param files their texts by their paths; null where those that it takes are not among them */
export function containerAccount(files: ReadonlyMap<string, string>): ContainerAccount | null {
  const number = (file: string) => {
    const value = Number.parseInt(files.get(file) ?? '', 10);
    return Number.isFinite(value) ? value : null;
  };
  const microseconds = /^usage_usec (\d+)$/m.exec(files.get(V2.cpu) ?? '')?.[1];
  const nanoseconds = number(V1.cpu);
  const cpuSeconds = microseconds === undefined ? nanoseconds && nanoseconds / 1e9 : Number(microseconds) / 1e6;
  const peakMemoryBytes = number(V2.peak) ?? number(V2.current) ?? number(V1.peak);
  if (cpuSeconds === null || peakMemoryBytes === null) return null;
  return { cpuSeconds, peakMemoryBytes };
}
