// File access for Pi's read, write and edit tools, done by processes of the agent's user: the kernel decides what
// that user may touch, and no link that the agent plants can lead the guest's own user anywhere.
import { text } from 'node:stream/consumers';
import type { EditOperations, ReadOperations, WriteOperations } from '@earendil-works/pi-coding-agent';
import type { AgentProcesses } from './agent-processes.ts';

const FILE_BYTES = 16 * 1024 * 1024;
const FILE_TIMEOUT_MS = 30_000;

type AgentFiles = ReadOperations & WriteOperations & EditOperations;

/** Errors carry what the system said about the path. */
export function createAgentFiles(processes: AgentProcesses, cwd: string): AgentFiles {
  const run = (file: string, args: string[], input?: string) =>
    runFileCommand(processes, cwd, file, args, input);
  return {
    readFile: (path) => run('cat', ['--', path]),
    writeFile: async (path, content) => {
      await run('/bin/sh', ['-c', 'cat > "$1"', 'sh', path], content);
    },
    mkdir: async (dir) => {
      await run('mkdir', ['-p', '--', dir]);
    },
    access: async (path) => {
      await run('/bin/sh', ['-c', ': < "$1"', 'sh', path]);
    },
  };
}

async function runFileCommand(
  processes: AgentProcesses,
  cwd: string,
  file: string,
  args: string[],
  input = '',
): Promise<Buffer> {
  const child = processes.spawn(file, args, { cwd, stdin: 'pipe' });
  const { stdin, stdout, stderr } = child;
  if (stdin === null || stdout === null || stderr === null) throw new Error(`${file} started without pipes`);
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const timer = setTimeout(() => processes.killGroup(child), FILE_TIMEOUT_MS);
  // The process may end without reading its input; its exit code tells.
  stdin.on('error', () => undefined);
  stdin.end(input);
  try {
    const [output, complaint, code] = await Promise.all([
      readBounded(stdout, () => processes.killGroup(child)),
      text(stderr),
      exited,
    ]);
    if (output === null)
      throw new Error(`the file is larger than ${FILE_BYTES} bytes; use bash to read parts of it`);
    if (code !== 0) throw new Error(complaint.trim().slice(0, 1000) || `${file} did not finish`);
    return output;
  } finally {
    clearTimeout(timer);
  }
}

/** Null when there was more than FILE_BYTES. */
async function readBounded(stream: NodeJS.ReadableStream, onTooLarge: () => void): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > FILE_BYTES) {
      onTooLarge();
      return null;
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
