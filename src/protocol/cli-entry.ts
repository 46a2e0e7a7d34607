// How the CLI that a server hands out tells a process that holds it ready what to run: a function on globalThis,
// under this symbol, is given the CLI's `main`, which then does not run by itself. For src/cli and src/guest.

/** Also looked for in the CLI's text, so that an older one is not taken for one that waits to be called. */
export const CLI_ENTRY = 'seed.cli.entry';

/** Runs the CLI once, with the arguments, environment and streams that `process` has then. */
export type CliEntry = () => Promise<void>;
