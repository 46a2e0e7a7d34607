// The pretended guests of one runner, in a process of their own, so that their work is not the runner's. They speak
// the guest's real wire: a start line, then HTTP/2 as the client, over one Unix socket a sandbox. Started by
// processes.ts with the socket's path and how long a guest works.
import { type ClientHttp2Session, connect } from 'node:http2';
import { createServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { readStartLine } from '../../src/guest/start-line.ts';
import type { AgentEvent } from '../../src/protocol/event.ts';
import { paceWire } from '../../src/runner/paced-wire.ts';
import { answerOf, type FleetInstruction, momentMs } from './instruction.ts';

const [socketPath = '', lifeText = '0'] = process.argv.slice(2);
const lifeMs = Number(lifeText);
const PAUSES = 4;

/** Every task that was started here, as often as it was. */
const started: string[] = [];
const failures: string[] = [];
const released = Promise.withResolvers<void>();

createServer((socket) => {
  socket.on('error', () => undefined);
  be(socket).catch((error: Error) => {
    failures.push(error.message);
    socket.destroy();
  });
}).listen(socketPath, () => process.send?.({ ready: true }));
process.on('message', (message) => {
  if (message === 'release') released.resolve();
  if (message === 'tell') process.send?.({ started, failures });
});
process.once('disconnect', () => process.exit());

/** One guest, from its start line to its end. */
async function be(socket: Socket): Promise<void> {
  const line = await readStartLine(socket);
  // A sandbox that was killed before it had a task.
  if (!line?.task) return;
  const { id, instruction } = line.task;
  started.push(id);
  const session = connect('http://guest', { createConnection: () => paceWire(socket) });
  session.on('error', () => undefined);
  const told = JSON.parse(instruction) as FleetInstruction;
  if (told.kind === 'speaker') await speak(session, told);
  else {
    if (told.kind === 'held') {
      await say(session, { type: 'text', text: 'here' });
      await released.promise;
      // Not all in the same moment: no fleet is.
      await sleep(Math.random() * lifeMs);
    }
    await work(session);
  }
  const result = { stdout: answerOf(id), stderr: null, exitCode: 0, error: null };
  await post(session, '/result', JSON.stringify(result));
  session.close();
  socket.end();
}

/** As an agent does that asks its model, calls a command, reads what it printed, and asks again. */
async function work(session: ClientHttp2Session): Promise<void> {
  const call = { callId: 'call-1', tool: 'bash' };
  await think(session);
  await say(session, { type: 'text', text: 'I look at the keys first.' });
  await say(session, { type: 'tool_call', ...call, input: { command: 'seed keys list' } });
  await rest();
  await ask(session, { ':path': '/api/v1/keys?limit=5' });
  const output = 'ID  NAME  STATUS\n'.repeat(20);
  await say(session, { type: 'tool_output', callId: call.callId, chunk: output });
  await say(session, { type: 'tool_result', callId: call.callId, output, isError: false });
  await rest();
  await think(session);
  await say(session, { type: 'text', text: 'Nothing has expired.' });
  await rest();
}

async function speak(session: ClientHttp2Session, { events, everyMs }: { events: number; everyMs: number }) {
  for (let said = 0; said < events; said += 1) {
    await sleep(everyMs);
    await say(session, { type: 'text', text: String(momentMs()) });
  }
}

const MODEL_CALL = JSON.stringify({
  model: 'bench',
  stream: true,
  stream_options: { include_usage: true },
  messages: [{ role: 'user', content: 'Check our API key inventory and revoke any expired ones.' }],
});

async function think(session: ClientHttp2Session): Promise<void> {
  await post(session, '/llm/v1/chat/completions', MODEL_CALL);
  await rest();
}

/** A part of the guest's life, longer or shorter: so they do not all do the same at the same time. */
async function rest(): Promise<void> {
  if (lifeMs > 0) await sleep((lifeMs / PAUSES) * (0.5 + Math.random()));
}

const say = (session: ClientHttp2Session, event: AgentEvent) =>
  post(session, '/events', `${JSON.stringify(event)}\n`);

const post = (session: ClientHttp2Session, path: string, body: string) =>
  ask(session, { ':method': 'POST', ':path': path, 'content-type': 'application/json' }, body);

/** Rejects what is not answered well: a guest that is refused something did not do a task's work. */
async function ask(session: ClientHttp2Session, headers: Record<string, string>, body?: string): Promise<void> {
  const stream = session.request(headers, { endStream: body === undefined });
  let status = 0;
  stream.once('response', (answer) => {
    status = Number(answer[':status']);
  });
  if (body !== undefined) stream.end(body);
  const said = await text(stream);
  if (status >= 300 || status === 0) throw new Error(`${headers[':path']} was answered ${status}: ${said}`);
}
