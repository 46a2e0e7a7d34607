// What Firecracker tells by the code that it ends with (FcExitCode in src/vmm/src/lib.rs of its repository). It
// logs nothing here (jail.ts), so that this is all there is to know of a machine that it had to give up.

const WORDS: Readonly<Record<number, string>> = {
  148: 'a system call that its seccomp filter does not allow',
  149: 'SIGBUS: a file of the machine was cut off, or the host has no memory or huge page for it',
  150: 'SIGSEGV',
  151: 'SIGXFSZ: a file grew beyond its limit',
  154: 'SIGXCPU: it used more processor time than it may',
  156: 'SIGHUP',
  157: 'SIGILL',
};

/** A sentence for a code that says more than that it failed; otherwise undefined. */
export function wordsOfExitCode(code: number | null): string | undefined {
  const words = WORDS[code ?? -1];
  return words && `Firecracker gave the machine up (${code}): ${words}.`;
}
