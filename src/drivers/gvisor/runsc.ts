// How runsc is called.

/** The container's name within its own --root; constant and short, as it is part of a socket's path. */
export const CONTAINER = 's';

/** runsc's log inside the sandbox's folder. */
export const LOG_FILE = 'runsc.log';

/** Marks each process of the sandbox with this folder. */
function rootFlag(folder: string): string {
  return `--root=${folder}`;
}

/** `runsc <command>` with state in `folder`. No network, no host sockets, no cgroups, nothing of the host writable. */
export function runscArgs(runscPath: string, folder: string, command: readonly string[]): string[] {
  return [
    runscPath,
    rootFlag(folder),
    `--log=${folder}/${LOG_FILE}`,
    '--platform=systrap',
    '--network=none',
    '--host-uds=none',
    '--host-fifo=none',
    '--overlay2=none',
    '--ignore-cgroups',
    ...command,
  ];
}
