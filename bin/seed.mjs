#!/usr/bin/env node
// The program of the installed package: starts under the user's Node, from version 20, and goes on with the Node 24
// that came with the package. Where none came (macOS, Windows) the user's own must be one. The repository starts
// bin/seed instead.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CLI = new URL('../src/cli/repository.mjs', import.meta.url);
const NEEDED_MAJOR = 24;

const packed = packedNode();
const isRight = packed === null ? major(process.version) >= NEEDED_MAJOR : isThisOne(packed);
if (isRight) await import(CLI.href);
else if (packed !== null) goOnWith(packed);
else {
  process.stderr.write(
    `seed: it needs Node ${NEEDED_MAJOR} or newer, and this is ${process.version}. On Linux that comes with the package as the optional dependency ` +
      `node-linux-${process.arch}: install it anew without --omit=optional; elsewhere install Node ${NEEDED_MAJOR}.\n`,
  );
  process.exitCode = 1;
}

function packedNode() {
  try {
    const list = createRequire(import.meta.url).resolve(`node-${process.platform}-${process.arch}/package.json`);
    const node = join(dirname(list), 'bin/node');
    return existsSync(node) ? node : null;
  } catch {
    return null;
  }
}

function isThisOne(node) {
  return realpathSync(node) === realpathSync(process.execPath);
}

function major(version) {
  return Number(/^v(\d+)/.exec(version)?.[1]);
}

/** The other Node takes this process's place, where this Node can do that; else it is a child that is all but it. */
function goOnWith(node) {
  const args = [fileURLToPath(CLI), ...process.argv.slice(2)];
  if (typeof process.execve === 'function') process.execve(node, [node, ...args]);
  const child = spawn(node, args, { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2']) {
    process.on(signal, () => {
      // A key of the terminal has reached the child, too: twice would mean something else to it.
      if (!(isOfTheTerminal(signal) && isInForeground())) child.kill(signal);
    });
  }
  child.on('error', (error) => {
    process.stderr.write(`seed: ${node} cannot be started: ${error.message}\n`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    // Ends as the child did; by its number where that signal does not end this process.
    process.kill(process.pid, signal);
    setTimeout(() => process.exit(128 + constants.signals[signal]), 100);
  });
}

function isOfTheTerminal(signal) {
  return signal === 'SIGINT' || signal === 'SIGQUIT' || signal === 'SIGHUP';
}

/** Whether this process's group is the one that a terminal sends its keys' signals to. */
function isInForeground() {
  try {
    const stat = readFileSync('/proc/self/stat', 'latin1');
    const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(')') + 1).split(' ');
    return group === foreground;
  } catch {
    return false;
  }
}
