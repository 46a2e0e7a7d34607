// A tool that the agent used: what it was given, what it printed, and whether it failed.
import { duration } from '../../../../format/times.ts';
import { Badge } from '../../../../ui/badge.tsx';
import { ForeignText } from '../../../../ui/foreign-text.tsx';
import { Terminal } from '../../../../ui/terminal.tsx';
import type { ToolCallEntry } from './transcript.ts';

export function ToolCallView({ call, over }: { call: ToolCallEntry; over: boolean }) {
  const { tool, output } = call;
  return (
    <div className="flex flex-col gap-1.5">
      <div className="flex items-center gap-2 text-sm text-muted">
        <span className="max-w-60 truncate font-mono font-medium text-ink">
          <ForeignText text={tool} />
        </span>
        <Outcome call={call} over={over} />
      </div>
      <Terminal label={`Output of ${tool}`} command={commandOf(call)} output={output} />
    </div>
  );
}

function Outcome({ call: { at, endedAt, isError }, over }: { call: ToolCallEntry; over: boolean }) {
  if (endedAt === null)
    return over ? <Badge tone="warn">did not end</Badge> : <Badge tone="info">running</Badge>;
  return (
    <>
      <span className="tabular-nums">{duration(Math.max(0, Date.parse(endedAt) - Date.parse(at)))}</span>
      {isError && <Badge tone="bad">failed</Badge>}
    </>
  );
}

/** A shell's command line as it is; what other tools are given as JSON. */
function commandOf({ input }: ToolCallEntry): string | null {
  const { command, ...rest } = input;
  if (typeof command === 'string') return command;
  return command === undefined && Object.keys(rest).length === 0 ? null : JSON.stringify(input, null, 2);
}
