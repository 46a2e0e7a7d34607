// A task's events as a person reads them. Used by stream.ts and follow-task.ts.
import type { TaskEvent } from '../protocol/event.ts';
import { paintStatus, type Style, sanitise, sanitiseLine } from './terminal.ts';

const OUTPUT_LINES_MOST = 40;
const LINE_CHARACTERS_MOST = 200;

/** Returns a function that gives the text for one event after the other, with newlines where they belong. */
export function createEventView(style: Style): (event: TaskEvent) => string {
  /** The tool call whose output is being shown, how many lines it has, and the length of the one that is open. */
  let output = outputOf('');

  function closed(text: string): string {
    const start = output.isLineOpen ? '\n' : '';
    output.isLineOpen = false;
    return start + text;
  }

  function outputText(callId: string, chunk: string): string {
    if (callId !== output.callId) output = outputOf(callId);
    let text = '';
    for (const [i, part] of sanitise(chunk).split('\n').entries()) {
      if (i > 0 && output.isLineOpen) {
        text += '\n';
        output.isLineOpen = false;
      }
      if (part === '' && !output.isLineOpen) continue;
      if (!output.isLineOpen && ++output.lines > OUTPUT_LINES_MOST) {
        text +=
          output.lines === OUTPUT_LINES_MOST + 1 ? `${style.dim('    … more output (--json shows all)')}\n` : '';
        continue;
      }
      if (!output.isLineOpen) {
        text += '    ';
        output.length = 0;
      }
      text += style.dim(cutLine(part, output.length));
      output.length += part.length;
      output.isLineOpen = true;
    }
    return text;
  }

  return (event) => {
    switch (event.type) {
      case 'status':
        return closed(`${statusText(event, style)}\n`);
      case 'text':
        return closed(`${sanitise(event.text).trimEnd()}\n`);
      case 'tool_call': {
        const mark = event.recovered ? style.dim('  (it was written as text)\n') : '';
        const text = closed(`${callText(event.tool, event.input, style)}\n${mark}`);
        output = outputOf(event.callId);
        return text;
      }
      case 'tool_output': {
        const before = event.callId === output.callId ? '' : closed('');
        const text = outputText(event.callId, event.chunk);
        output.wasStreamed = true;
        return before + text;
      }
      case 'tool_result': {
        const known = event.callId === output.callId && output.wasStreamed;
        const before = event.callId === output.callId ? '' : closed('');
        const text = known ? '' : before + outputText(event.callId, event.output);
        return text + closed(event.isError ? `    ${style.red('failed')}\n` : '');
      }
      case 'command':
        return closed(`${commandText(event, style)}\n`);
      case 'approval':
        return closed(`${approvalText(event, style)}\n`);
      case 'message':
        return closed(`${style.cyan('>')} ${style.bold(sanitise(event.text).trimEnd())}\n`);
      case 'diagnostic':
        return closed(`${style.yellow('!')} ${style.dim(sanitise(event.text).trimEnd())}\n`);
      default:
        // A server newer than this CLI may send more kinds.
        return '';
    }
  };
}

function outputOf(callId: string) {
  return { callId, isLineOpen: false, lines: 0, length: 0, wasStreamed: false };
}

/** What still fits of a part of a line that has `length` characters already. */
function cutLine(part: string, length: number): string {
  const room = LINE_CHARACTERS_MOST - length;
  if (room <= 0) return '';
  return part.length > room ? `${part.slice(0, room)}…` : part;
}

function statusText(event: Extract<TaskEvent, { type: 'status' }>, style: Style): string {
  const phase = event.phase === null ? '' : style.dim(` (${sanitiseLine(event.phase)})`);
  const error = event.error === null ? '' : `: ${sanitiseLine(event.error.message)}`;
  const status = sanitiseLine(event.status);
  return `${style.dim('●')} ${paintStatus(status, style)}${phase}${error}`;
}

function callText(tool: string, input: Record<string, unknown>, style: Style): string {
  const { command } = input;
  if (tool === 'bash' && typeof command === 'string') {
    const [first, ...others] = sanitise(command).trim().split('\n');
    return [`${style.cyan('$')} ${style.bold(first ?? '')}`, ...others.map((line) => `  ${line}`)].join('\n');
  }
  return `${style.cyan('▸')} ${style.bold(sanitiseLine(tool))} ${style.dim(sanitiseLine(JSON.stringify(input)))}`;
}

function approvalText(event: Extract<TaskEvent, { type: 'approval' }>, style: Style): string {
  const { state, summary, reason, decidedBy, message } = event;
  const painted = { approved: style.green, pending: style.yellow }[state as string] ?? style.red;
  const by = decidedBy === null ? '' : ` by ${sanitiseLine(decidedBy)}`;
  const why = message ?? (state === 'pending' ? reason : null);
  const said = why === null ? '' : style.dim(`: ${sanitiseLine(why)}`);
  return `    ${style.dim('?')} ${sanitiseLine(summary)} ${painted(state)}${by}${said}`;
}

function commandText(event: Extract<TaskEvent, { type: 'command' }>, style: Style): string {
  const name = `seed ${sanitiseLine(event.command)}`;
  const painted = { read: style.green, write: style.yellow, destructive: style.red }[event.effect] ?? style.dim;
  const { status: answered } = event;
  const status =
    answered !== null && answered < 400 ? style.dim(String(answered)) : style.red(String(answered ?? 'unknown'));
  return `    ${style.dim('→')} ${name} ${painted(sanitiseLine(event.effect))} ${status} ${style.dim(`${event.durationMs} ms`)}`;
}
