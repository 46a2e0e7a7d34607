// Sandboxes and their sessions: started, stopped, resumed, kept as snapshots. Used by the routes.

import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Forwarding } from './forwarding.ts';
import { HOME, type Machine, type Machines, PROGRAMS } from './machine.ts';
import type { NetworkPolicy, SandboxRecord, SessionRecord, SnapshotRecord } from './records.ts';

export interface CreateBody {
  name?: string;
  timeout?: number;
  persistent?: boolean;
  resources?: { vcpus?: number };
  tags?: Record<string, string>;
  env?: Record<string, string>;
  networkPolicy?: NetworkPolicy;
  source?: { type: string; snapshotId?: string };
}

/** Of all that was ever run, as Vercel would bill it. */
export interface Bills {
  creations: number;
  memoryGbMs: number;
  cpuMs: number;
  /** Of persistent ones that were stopped, and kept. */
  storedBytes: number;
  /** Sessions that were started again because somebody asked for a sandbox that was stopped. */
  resumed: number;
}

export class Refused extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export interface SessionsParts {
  machines: Machines;
  forwarding: Forwarding;
  folder: string;
  longestMs: number;
}

const PRESET_TIMEOUT_MS = 300_000;
const MOST_TAGS = 5;
const newId = (prefix: string) => `${prefix}_${randomUUID().replaceAll('-', '')}`;

const HOME_FILE = 'home.tar';

async function pack(machine: Machine, path: string, into: Writable): Promise<void> {
  const packing = machine.run({ argv: ['tar', '-cf', '-', '-C', '/', path] });
  await pipeline(packing.output, into);
  if ((await packing.code) !== 0) throw new Refused(500, 'internal', 'The snapshot failed.');
}

/** On this host, as whoever runs the double. */
function unpackInto(folder: string): Writable {
  const tar = spawn('tar', ['-xf', '-', '--no-same-owner', '-C', folder], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const ended = once(tar, 'exit');
  return new Writable({
    write: (chunk: Buffer, encoding, done) => void tar.stdin.write(chunk, encoding, done),
    final(done) {
      tar.stdin.end();
      ended.then(([code]) => done(code === 0 ? null : new Error(`tar ended with ${code}`)), done);
    },
  });
}

export type Sessions = ReturnType<typeof createSessions>;

export function createSessions({ machines, forwarding, folder, longestMs }: SessionsParts) {
  const sandboxes = new Map<string, SandboxRecord>();
  const sessions = new Map<string, SessionRecord>();
  const snapshots = new Map<string, SnapshotRecord>();
  const bills: Bills = { creations: 0, memoryGbMs: 0, cpuMs: 0, storedBytes: 0, resumed: 0 };

  function limit(session: SessionRecord): void {
    clearTimeout(session.timer);
    const leftMs = (session.startedAt ?? session.createdAt) + session.timeoutMs - Date.now();
    session.timer = setTimeout(() => void stop(session), Math.max(0, leftMs));
  }

  async function start(sandbox: SandboxRecord, session: SessionRecord, snapshotId?: string): Promise<void> {
    const snapshot = snapshotId === undefined ? undefined : snapshots.get(snapshotId);
    if (snapshotId !== undefined && snapshot?.status !== 'created')
      throw new Refused(410, 'snapshot_not_found', `Snapshot not found: ${snapshotId}`);
    const programs = snapshot === undefined ? null : join(snapshot.folder, PROGRAMS);
    const machine = await machines.start({ vcpus: sandbox.vcpus }, programs);
    session.machine = machine;
    void machine.gone.then(() => {
      if (session.status === 'running') end(session, 'aborted');
    });
    if (snapshot) {
      const unpack = machine.run({ argv: ['tar', '-xf', '-', '-C', '/'] });
      unpack.output.resume();
      await pipeline(createReadStream(join(snapshot.folder, HOME_FILE)), unpack.input);
      if ((await unpack.code) !== 0) throw new Error('the snapshot cannot be unpacked');
    }
    forwarding.apply(session);
    session.startedAt = Date.now();
    session.status = 'running';
    bills.creations += 1;
    limit(session);
  }

  function newSession(sandbox: SandboxRecord, policy: NetworkPolicy): SessionRecord {
    const session: SessionRecord = {
      ...{ id: newId('sbx'), sandbox, machine: null, status: 'pending', createdAt: Date.now() },
      ...{ startedAt: undefined, requestedStopAt: undefined, stoppedAt: undefined, cpuMs: undefined },
      ...{ timeoutMs: sandbox.timeoutMs, sourceSnapshotId: undefined, networkPolicy: policy, timer: undefined },
      ...{ commands: new Map(), terminals: new Set(), tokens: new Set() },
    };
    sessions.set(session.id, session);
    return session;
  }

  function end(session: SessionRecord, status: 'stopped' | 'aborted' | 'failed'): void {
    if (session.stoppedAt !== undefined) return;
    clearTimeout(session.timer);
    session.status = status;
    session.stoppedAt = Date.now();
    const livedMs = session.stoppedAt - (session.startedAt ?? session.stoppedAt);
    bills.memoryGbMs += livedMs * session.sandbox.vcpus * 2;
    bills.cpuMs += session.cpuMs ?? 0;
    for (const terminal of session.terminals) terminal.destroy();
    for (const command of session.commands.values()) command.changed.resolve();
  }

  async function stop(session: SessionRecord): Promise<void> {
    if (session.status !== 'running') return;
    clearTimeout(session.timer);
    session.status = 'stopping';
    session.requestedStopAt = Date.now();
    const { machine, sandbox } = session;
    if (sandbox.persistent && machine) {
      const kept = await keep(session).catch(() => undefined);
      sandbox.currentSnapshotId = kept?.id;
      bills.storedBytes += kept?.sizeBytes ?? 0;
    }
    await machine?.kill();
    session.cpuMs = (await machine?.cpuMs()) ?? 0;
    end(session, 'stopped');
  }

  /** What can be written of its file system; its memory is not part of it. */
  async function keep(session: SessionRecord): Promise<SnapshotRecord> {
    const { machine } = session;
    if (machine === null) throw new Refused(410, 'sandbox_stopped', 'The sandbox is stopped.');
    const id = newId('snap');
    const into = join(folder, id);
    await mkdir(into, { recursive: true });
    const file = join(into, HOME_FILE);
    await Promise.all([pack(machine, HOME, createWriteStream(file)), pack(machine, PROGRAMS, unpackInto(into))]);
    const { size: sizeBytes } = await stat(file);
    const record: SnapshotRecord = {
      ...{ id, sourceSessionId: session.id, sizeBytes, createdAt: Date.now(), status: 'created', folder: into },
    };
    snapshots.set(id, record);
    return record;
  }

  return {
    sandboxes,
    sessions,
    snapshots,
    bills,
    stop,
    limit,
    async create(body: CreateBody): Promise<SandboxRecord> {
      const name = body.name ?? newId('sandbox');
      if (sandboxes.has(name))
        throw new Refused(409, 'conflict', `A sandbox with the name ${name} exists already.`);
      const timeoutMs = body.timeout ?? PRESET_TIMEOUT_MS;
      if (timeoutMs > longestMs) throw new Refused(400, 'bad_request', `timeout is more than ${longestMs} ms`);
      const tags = body.tags ?? {};
      if (Object.keys(tags).length > MOST_TAGS) throw new Refused(400, 'bad_request', 'at most 5 tags');
      const sandbox = {
        ...{ name, persistent: body.persistent ?? true, vcpus: body.resources?.vcpus ?? 2, timeoutMs, tags },
        ...{ createdAt: Date.now(), updatedAt: Date.now(), env: body.env ?? {}, currentSnapshotId: undefined },
      } as SandboxRecord;
      sandbox.session = newSession(sandbox, body.networkPolicy ?? { mode: 'allow-all' });
      sandbox.session.sourceSnapshotId = body.source?.snapshotId;
      sandboxes.set(name, sandbox);
      try {
        await start(sandbox, sandbox.session, body.source?.snapshotId);
      } catch (error) {
        sandboxes.delete(name);
        await sandbox.session.machine?.kill();
        end(sandbox.session, 'failed');
        throw error;
      }
      return sandbox;
    },
    /** As reads do that do not say otherwise. */
    async resume(sandbox: SandboxRecord): Promise<boolean> {
      if (['running', 'pending', 'stopping'].includes(sandbox.session.status)) return false;
      bills.resumed += 1;
      const session = newSession(sandbox, sandbox.session.networkPolicy);
      sandbox.session = session;
      await start(sandbox, session, sandbox.currentSnapshotId);
      return true;
    },
    async snapshot(session: SessionRecord): Promise<SnapshotRecord> {
      session.status = 'snapshotting';
      try {
        return await keep(session);
      } finally {
        session.status = 'running';
        await stop(session);
      }
    },
    async forget(sandbox: SandboxRecord): Promise<void> {
      await stop(sandbox.session);
      if (sandboxes.get(sandbox.name) === sandbox) sandboxes.delete(sandbox.name);
    },
  };
}
