// The whole of one task over one stream: open the door, run the agent, fetch the CLI meanwhile, hand back the result.
// The rehearsal before the freeze goes through the same lines.
import type { Duplex } from 'node:stream';
import type { GuestResult, GuestTask, StartLine } from '../protocol/guest.ts';
import type { Manifest } from '../protocol/manifest.ts';
import { AgentProcesses } from './agent-processes.ts';
import { createAgentTools } from './agent-tools.ts';
import { type ArtifactWatch, watchArtifacts } from './artifacts.ts';
import { EventQueue } from './event-queue.ts';
import type { GuestSettings } from './guest-settings.ts';
import { type Link, type LinkAnswer, openLink } from './link.ts';
import { createLlmWatch, modelFetch } from './model-fetch.ts';
import { type Pi, startPiSession } from './pi.ts';
import { fetchFiles, installCli, prepareOutDir } from './prepare.ts';
import type { LoopbackProxy } from './proxy.ts';
import { runAgent } from './run-agent.ts';
import { systemPrompt } from './system-prompt.ts';

/**
 * Resolves with the link, still open, when the runner has the result. Rejects when the link breaks or answers with errors.
 * @param identity gives the sandbox its names; called once, while the model answers for the first time, and awaited before the agent moves
 * @param onProcesses hands out what must be killed when the guest ends early
 */
export async function runTask(
  pi: Pi,
  stream: Duplex,
  settings: GuestSettings,
  proxy: LoopbackProxy,
  start: Pick<StartLine, 'task' | 'commands'>,
  identity: () => Promise<void>,
  onProcesses: (processes: AgentProcesses) => void,
): Promise<Link> {
  const link = openLink(stream);
  const cli = async () =>
    installCli(settings.binDir, accepted('/cli/seed.mjs', await link.get('/cli/seed.mjs')));
  const llm = createLlmWatch();
  // Done while the model answers: its first request does not wait for any of it, the first tool does.
  let preparing: Promise<ArtifactWatch> | null = null;
  const prepared = async () => {
    preparing ??= prepare();
    await preparing;
  };
  const prepare = async () => {
    const [artifacts] = await Promise.all([prepareFiles(), cli()]);
    return artifacts;
  };
  const prepareFiles = async () => {
    await identity();
    await prepareOutDir(settings);
    await fetchFiles(link, (await taskGiven).files, settings);
    return watchArtifacts(link, settings);
  };
  const finishArtifacts = async () => (await preparing)?.finish() ?? [];
  const taskGiven = start.task ?? link.get('/task').then((answer) => parsed<GuestTask>('/task', answer));
  proxy.serve(link.session);
  const [task, commands] = await Promise.all([
    taskGiven,
    start.commands ??
      link.get('/api/v1/commands').then((answer) => parsed<Manifest>('/api/v1/commands', answer).commands),
  ]);
  const processes = new AgentProcesses(settings, proxy.url);
  onProcesses(processes);
  const refused: string[] = [];
  const events = new EventQueue(async (ndjson) => {
    const { status } = await link.post('/events', 'application/x-ndjson', ndjson);
    if (status >= 400)
      refused.push(`${Buffer.byteLength(ndjson)} bytes of events were refused with ${status}`);
  });
  const session = await startPiSession(pi, {
    cwd: settings.workspaceDir,
    modelFetch: modelFetch(link.session, llm, prepared),
    model: task.model,
    systemPrompt: systemPrompt(commands, settings.workspaceDir, task.files),
    tools: createAgentTools(settings.workspaceDir, processes, events, prepared),
  });
  const result = await runAgent(session, task.instruction, events, llm);
  session.dispose();
  processes.killAll();
  refused.push(...(await finishArtifacts()));
  await events.flush();
  await postResult(link, result, refused);
  proxy.serve(null);
  return link;
}

async function postResult(link: Link, result: GuestResult, refused: string[]): Promise<void> {
  const stderr = [result.stderr, ...refused].filter((text) => text !== null).join('\n') || null;
  accepted('/result', await link.post('/result', 'application/json', JSON.stringify({ ...result, stderr })));
}

function accepted(path: string, { status, body }: LinkAnswer): Buffer {
  if (status >= 200 && status < 300) return body;
  throw new Error(`${path} was answered ${status}: ${body.toString('utf8').slice(0, 500)}`);
}

function parsed<Body>(path: string, answer: LinkAnswer): Body {
  return JSON.parse(accepted(path, answer).toString('utf8')) as Body;
}
