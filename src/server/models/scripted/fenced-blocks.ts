// The fenced blocks of shell commands in an instruction, and how they are run: in order, up to the first that fails.
import type { ToolResult } from './conversation.ts';
import type { Step } from './step.ts';

const SHELLS: readonly string[] = ['bash', 'sh'];
const OPENING = /^ {0,3}(`{3,}|~{3,})[ \t]*([\w-]*)/;

interface Fence {
  mark: string;
  shell: boolean;
  lines: string[];
}

function closes(line: string, { mark }: Fence): boolean {
  const closing = line.trim();
  return closing.length >= mark.length && closing === mark.charAt(0).repeat(closing.length);
}

/** The contents of all ```bash and ```sh blocks that are closed and not empty. Blocks of other languages are skipped whole. */
export function fencedCommands(instruction: string): string[] {
  const commands: string[] = [];
  let fence: Fence | null = null;
  for (const line of instruction.split(/\r?\n/)) {
    if (fence === null) {
      const [, mark, language] = OPENING.exec(line) ?? [];
      if (mark) fence = { mark, shell: SHELLS.includes(language ?? ''), lines: [] };
    } else if (!closes(line, fence)) {
      fence.lines.push(line);
    } else {
      const command = fence.lines.join('\n');
      if (fence.shell && command.trim() !== '') commands.push(command);
      fence = null;
    }
  }
  return commands;
}

/** The next command, or the output of the first failed or else the last one as the answer. */
export function nextFencedStep(commands: readonly string[], results: readonly ToolResult[]): Step {
  const failed = results.slice(0, commands.length).find((result) => result.failed);
  const next = commands[results.length];
  if (failed === undefined && next !== undefined) return { kind: 'bash', command: next };
  const last = failed ?? results[commands.length - 1];
  return { kind: 'answer', text: last?.output || '(no output)' };
}
