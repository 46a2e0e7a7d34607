// One task over one stream: run the agent, fetch the CLI meanwhile, hand back the result. Rehearsals do the same.
import type { Duplex } from 'node:stream';
import type { Conversation } from '../protocol/conversation.ts';
import type { GuestTask, StartLine } from '../protocol/guest.ts';
import type { Manifest } from '../protocol/manifest.ts';
import type { ModelTraits } from '../protocol/model.ts';
import type { OutputForms } from '../protocol/output.ts';
import { AgentProcesses } from './agent-processes.ts';
import { createAgentTools } from './agent-tools.ts';
import { type ArtifactWatch, watchArtifacts } from './artifacts.ts';
import type { CliHost } from './cli-host.ts';
import { continuedInstruction } from './conversation.ts';
import { EventQueue } from './event-queue.ts';
import { FINISH, FINISH_COMMAND_REMINDER, FINISH_REMINDER, finishTool, shownForm } from './finish-tool.ts';
import type { GuestSettings } from './guest-settings.ts';
import { type Link, type LinkAnswer, openLink } from './link.ts';
import { createLlmWatch } from './llm-watch.ts';
import { readMessages } from './messages.ts';
import { modelFetch } from './model-fetch.ts';
import { openOutputDesk } from './output-desk.ts';
import { type Pi, startPiSession } from './pi.ts';
import { fetchFiles, prepareOutDir } from './prepare.ts';
import type { LoopbackProxy } from './proxy.ts';
import { runAgent } from './run-agent.ts';
import { systemPrompt } from './system-prompt.ts';
import { createToolAnswers } from './tool-answers.ts';
import { keepWorkspace, type Unpacked, unpackWorkspace } from './workspace.ts';

const CUT = 'The agent does not know how the conversation began: that is too much, or kept no more.';

export interface TaskRun {
  pi: Pi;
  /** Positioned after the start line. */
  stream: Duplex;
  /** The next one when that was cut; missing: there is none. */
  again?(): Promise<Duplex | null>;
  settings: GuestSettings;
  proxy: LoopbackProxy;
  cliHost: CliHost;
  start: Pick<StartLine, 'task' | 'commands'> & Partial<Pick<StartLine, 'now'>>;
  /** Gives the sandbox its names: called once, while the model first answers, and before the agent moves. */
  identity?(): Promise<void>;
  /** Hands out what must be killed when the guest ends early. */
  onProcesses?(processes: AgentProcesses): void;
}

/** A task that is done: its link is open, and the result can be told again. */
export interface DoneTask {
  link: Link;
  tell(): Promise<void>;
}

/** Resolves when the runner has the result. Rejects when the link breaks or refuses. */
export async function runTask(run: TaskRun): Promise<DoneTask> {
  const { pi, settings, proxy, start } = run;
  const link = openLink(run.stream, run.again);
  const fetched = async (path: string) => accepted(path, await link.get(path));
  const parsed = async <Body>(path: string) => JSON.parse((await fetched(path)).toString('utf8')) as Body;
  const llm = createLlmWatch();
  const begunAt = performance.now();
  const livedMs = () => performance.now() - begunAt;
  const workspace = () => ({ link, processes, folder: settings.workspaceDir });
  /** What was kept of the workspace, as far as it is there. */
  let unpacked: Unpacked = { notes: [], isAway: false };
  const prepareFiles = async () => {
    await run.identity?.();
    await prepareOutDir(settings);
    const given = await taskGiven;
    if (given.continues?.workspace) unpacked = await unpackWorkspace(workspace(), leftMs(given, start.now) / 2);
    await fetchFiles(link, given.files, settings);
    return watchArtifacts(link, settings);
  };
  const prepare = async () => {
    const installCli = async () => {
      const [source, { output }] = await Promise.all([fetched('/cli/seed.mjs'), taskGiven]);
      await run.cliHost.install(source, { withFinish: output !== undefined });
    };
    return (await Promise.all([prepareFiles(), installCli()]))[0];
  };
  // Done while the model answers: its first request does not wait for any of it, the first tool does.
  let preparing: Promise<ArtifactWatch> | null = null;
  const prepared = async () => {
    preparing ??= prepare();
    await preparing;
  };
  const finishArtifacts = async () => (await preparing)?.finish() ?? [];
  const taskGiven = start.task ?? parsed<GuestTask>('/task');
  const [task, commands] = await Promise.all([
    taskGiven,
    start.commands ?? parsed<Manifest>('/api/v1/commands').then((manifest) => manifest.commands),
  ]);
  const { modelTraits: traits } = task;
  const output = task.output === undefined ? null : outputOf(link, task.output, traits);
  proxy.serve(link, output?.desk);
  const processes = new AgentProcesses(settings, proxy.url);
  run.onProcesses?.(processes);
  const refused: string[] = [];
  let batches = 0;
  const events = new EventQueue(async (ndjson) => {
    batches += 1;
    const { status } = await link.postEvents(batches, ndjson);
    if (status >= 400) refused.push(`${Buffer.byteLength(ndjson)} bytes of events were refused with ${status}`);
  });
  const finish = output && finishTool(output.desk, output, traits);
  const tools = [
    ...createAgentTools({ settings, processes, events, traits, prepared }),
    ...(finish ? [finish] : []),
  ];
  const names = tools.map(({ name }) => name);
  const answers = createToolAnswers(names, commands, { isForOutput: output !== null });
  const { continues } = task;
  // What it finds there is told to the agent first.
  if (continues?.workspace) await prepared();
  const before = continues === undefined ? null : await parsed<Conversation>('/conversation');
  const told =
    continues === undefined
      ? task.instruction
      : continuedInstruction(task.instruction, [...continues.notes, ...unpacked.notes]);
  for (const text of unpacked.notes) events.push({ type: 'diagnostic', text });
  if (before?.isCut) events.push({ type: 'diagnostic', text: CUT });
  const session = await startPiSession(pi, {
    cwd: settings.workspaceDir,
    modelFetch: modelFetch(link, llm, prepared),
    model: task.model,
    traits,
    systemPrompt: systemPrompt({
      commands,
      workspaceDir: settings.workspaceDir,
      files: task.files,
      tools: traits.tools,
      output: task.output?.plain ?? null,
      today: (start.now ?? new Date().toISOString()).slice(0, 'YYYY-MM-DD'.length),
    }),
    tools,
    output,
    llm,
    before,
    hooks: { replaceResult: answers.told, instruction: task.instruction },
  });
  const messages = readMessages(link, session, events);
  const result = await runAgent({
    ...{ session, messages, instruction: told, events, llm, answers, commands },
    output: output && { ...output, reminder: finish ? FINISH_REMINDER : FINISH_COMMAND_REMINDER },
  });
  messages.stop();
  session.dispose();
  processes.killAll();
  // What could not be kept or told of is told with the result.
  refused.push(...(await finishArtifacts()));
  if (task.keepsWorkspace && !unpacked.isAway)
    refused.push(...(await keepWorkspace(workspace(), leftMs(task, start.now) - livedMs())));
  await events.flush();
  const stderr = [result.stderr, ...unpacked.notes, ...refused].filter((text) => text !== null).join('\n') || null;
  const tell = async () => {
    const told = JSON.stringify({ ...result, stderr });
    accepted('/result', await link.post('/result', 'application/json', told));
  };
  await tell();
  proxy.serve(null);
  return { link, tell };
}

/** For the result, once the workspace is kept. */
const FOR_RESULT_MS = 3_000;

/** Of its time when it began, which a wait for people only makes longer. */
function leftMs({ deadline }: GuestTask, now: string = new Date().toISOString()): number {
  return Date.parse(deadline) - Date.parse(now) - FOR_RESULT_MS;
}

/** Where its answer goes, as a value. */
function outputOf(link: Link, forms: OutputForms, { tools }: ModelTraits) {
  const how = tools === 'bash' ? 'Run `seed finish --json …` again' : 'Call finish again';
  const desk = openOutputDesk(link, forms, how);
  let names: readonly string[] = [];
  return {
    desk,
    shown: shownForm(desk),
    /** Told of each message, before its calls are made. */
    called(those: readonly string[]) {
      names = those;
    },
    hasOtherCalls: () => names.some((name) => name !== FINISH),
  };
}

function accepted(path: string, { status, body }: LinkAnswer): Buffer {
  if (status >= 200 && status < 300) return body;
  throw new Error(`${path} was answered ${status}: ${body.toString('utf8').slice(0, 500)}`);
}
