// /sandboxes: every runner that is connected, kept up to date while it is looked at.
import { useCommand } from '../../api/use-command.ts';
import { CodeBlock } from '../../ui/code.tsx';
import { PageFrame } from '../../ui/page-frame.tsx';
import { EmptyState, ErrorNotice, SkeletonRows } from '../../ui/states.tsx';
import { Capacity } from './capacity.tsx';
import { Runner } from './runner.tsx';

const REFRESH_MS = 2_000;

export function Sandboxes() {
  const { data, error, refetch } = useCommand('sandboxes list', {}, { refreshMs: REFRESH_MS });
  const runners = data?.items ?? [];
  return (
    <PageFrame title="Sandboxes">
      {error && <ErrorNotice error={error} retry={() => void refetch()} />}
      {!data && !error && <SkeletonRows rows={5} />}
      {data && runners.length === 0 && <NoRunner />}
      {runners.length > 0 && (
        <>
          <Capacity runners={runners} />
          {runners.map((runner) => (
            <Runner key={runner.id} runner={runner} />
          ))}
        </>
      )}
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
      A runner is the process that starts sandboxes and runs tasks in them: until one is connected, tasks
      wait. <code className="font-mono text-sm">npm start</code> brings one; on another machine it is started
      by hand.
    </EmptyState>
  );
}
