// /sandboxes: every runner that is connected, kept up to date while it is looked at.
import type { RunnerView } from '../../../../src/protocol/runner.ts';
import { useCommand } from '../../api/use-command.ts';
import { bytes, count } from '../../format/numbers.ts';
import { CodeBlock } from '../../ui/code.tsx';
import { PageFrame, Tile, Tiles } from '../../ui/page-frame.tsx';
import { Answer, EmptyState } from '../../ui/states.tsx';
import { Runner } from './runner.tsx';

const REFRESH_MS = 2_000;

export function Sandboxes() {
  const sandboxes = useCommand('sandboxes list', {}, { refreshMs: REFRESH_MS });
  return (
    <PageFrame title="Sandboxes">
      <Answer query={sandboxes}>
        {({ items: runners }) =>
          runners.length === 0 ? (
            <NoRunner />
          ) : (
            <>
              <Capacity runners={runners} />
              {runners.map((runner) => (
                <Runner key={runner.id} runner={runner} />
              ))}
            </>
          )
        }
      </Answer>
    </PageFrame>
  );
}

function NoRunner() {
  return (
    <EmptyState
      icon="cube"
      title="No runner is connected"
      action={
        <CodeBlock
          text={`SEED_SERVER_URL=${window.location.origin} SEED_RUNNER_TOKEN=… node src/runner/main.ts`}
          label="Copy the command"
          className="max-w-full text-left"
        />
      }
    >
      A runner is the process that starts sandboxes and runs tasks in them: until one is connected, tasks wait.{' '}
      <code className="font-mono text-sm">npm start</code> brings one; on another machine it is started by hand.
    </EmptyState>
  );
}

/** All runners together: what runs, what is free, what waits. */
function Capacity({ runners }: { runners: readonly RunnerView[] }) {
  const sum = (of: (runner: RunnerView) => number) => runners.reduce((total, runner) => total + of(runner), 0);
  const shareOf = (part: number, whole: number) => `${count(part)} of ${count(whole)}`;
  const ready = sum(({ pool }) => pool?.ready ?? 0);
  return (
    <Tiles>
      <Tile term="Runners" value={count(runners.length)} />
      <Tile term="Running sandboxes" value={count(sum(({ sandboxes }) => sandboxes.length))} />
      <Tile
        term="Free slots"
        value={shareOf(
          sum(({ freeSlots }) => freeSlots),
          sum(({ slots }) => slots),
        )}
      />
      <Tile
        term="Waiting sandboxes"
        value={shareOf(
          ready,
          sum(({ pool }) => pool?.size ?? 0),
        )}
      />
      <Tile term="Memory of those" value={bytes(sum(({ pool }) => pool?.memoryBytes ?? 0))} />
    </Tiles>
  );
}
