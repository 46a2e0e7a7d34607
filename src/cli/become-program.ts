// Goes on as another program: signals, exit code, terminal and process id are then that program's own, as nothing
// stands between. Used by the commands that start Seed's processes.
import { fileURLToPath } from 'node:url';
import { wholeEnvironment } from '../lib/env.ts';
import { adopterFolder, ownProgram } from '../lib/own-files.ts';

interface Program {
  path: string;
  args: readonly string[];
  /** What this process's own environment has besides. */
  environment?: NodeJS.ProcessEnv;
}

/** In the adopter's folder. */
export function becomeProgram({ path, args, environment = {} }: Program): never {
  process.chdir(fileURLToPath(adopterFolder()));
  process.execve?.(path, [path, ...args], { ...wholeEnvironment(), ...environment });
  throw new Error(`Node ${process.version} cannot start ${path} in its own place`);
}

interface OwnProgram {
  environment?: NodeJS.ProcessEnv;
  /** Command-line options of Node's own. */
  nodeOptions?: readonly string[];
}

/** @param path a program of Seed's by its path in the repository */
export function becomeOwnProgram(path: string, { environment, nodeOptions = [] }: OwnProgram = {}): never {
  const args = [...nodeOptions, ownProgram(path)];
  return becomeProgram({ path: process.execPath, args, ...(environment && { environment }) });
}
