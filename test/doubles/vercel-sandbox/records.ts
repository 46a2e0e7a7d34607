// What the double keeps, and the form in which Vercel's API tells it. Used by the routes.
import type { Duplex } from 'node:stream';
import type { Machine, Program } from './machine.ts';

export type Status = 'pending' | 'running' | 'stopping' | 'stopped' | 'failed' | 'aborted' | 'snapshotting';

/** As the API takes it. */
export type NetworkPolicy =
  | { mode: 'allow-all' | 'deny-all' }
  | { allow?: string[] | Record<string, { forwardURL?: string; [other: string]: unknown }[]>; mode?: undefined };

export interface CommandRecord {
  id: string;
  name: string;
  args: string[];
  cwd: string;
  sessionId: string;
  startedAt: number;
  exitCode: number | null;
  endedAt: number | null;
  program: Program;
  /** All that it has said so far, at most so much as is kept. */
  log: { stream: 'stdout' | 'stderr'; data: string }[];
  /** Resolves with each line of the log, and with the end. */
  changed: PromiseWithResolvers<void>;
}

export interface SessionRecord {
  id: string;
  sandbox: SandboxRecord;
  machine: Machine | null;
  status: Status;
  createdAt: number;
  startedAt: number | undefined;
  requestedStopAt: number | undefined;
  stoppedAt: number | undefined;
  timeoutMs: number;
  cpuMs: number | undefined;
  sourceSnapshotId: string | undefined;
  commands: Map<string, CommandRecord>;
  terminals: Set<Duplex>;
  tokens: Set<string>;
  networkPolicy: NetworkPolicy;
  timer: NodeJS.Timeout | undefined;
}

export interface SandboxRecord {
  name: string;
  persistent: boolean;
  vcpus: number;
  timeoutMs: number;
  tags: Record<string, string>;
  createdAt: number;
  updatedAt: number;
  session: SessionRecord;
  env: Record<string, string>;
  /** Of a persistent one that was stopped. */
  currentSnapshotId: string | undefined;
}

export interface SnapshotRecord {
  id: string;
  sourceSessionId: string;
  sizeBytes: number;
  createdAt: number;
  status: 'created' | 'deleted';
  /** On this host. */
  folder: string;
}

const REGION = 'iad1';
const CWD = '/vercel/sandbox';
const MB_EACH = 2048;

export const sandboxOut = (sandbox: SandboxRecord) => ({
  name: sandbox.name,
  persistent: sandbox.persistent,
  region: REGION,
  vcpus: sandbox.vcpus,
  memory: sandbox.vcpus * MB_EACH,
  timeout: sandbox.timeoutMs,
  networkPolicy: policyOut(sandbox.session.networkPolicy),
  createdAt: sandbox.createdAt,
  updatedAt: sandbox.updatedAt,
  currentSessionId: sandbox.session.id,
  ...(sandbox.currentSnapshotId && { currentSnapshotId: sandbox.currentSnapshotId }),
  status: sandbox.session.status,
  cwd: CWD,
  tags: sandbox.tags,
});

export const sessionOut = (session: SessionRecord) => ({
  id: session.id,
  memory: session.sandbox.vcpus * MB_EACH,
  vcpus: session.sandbox.vcpus,
  region: REGION,
  timeout: session.timeoutMs,
  status: session.status,
  requestedAt: session.createdAt,
  ...(session.startedAt && { startedAt: session.startedAt }),
  ...(session.requestedStopAt && { requestedStopAt: session.requestedStopAt }),
  ...(session.stoppedAt && { stoppedAt: session.stoppedAt }),
  ...(session.stoppedAt && session.startedAt && { duration: session.stoppedAt - session.startedAt }),
  ...(session.sourceSnapshotId && { sourceSnapshotId: session.sourceSnapshotId }),
  createdAt: session.createdAt,
  updatedAt: Date.now(),
  cwd: CWD,
  networkPolicy: policyOut(session.networkPolicy),
  // Told only once it is stopped.
  ...(session.cpuMs !== undefined && { activeCpuDurationMs: Math.round(session.cpuMs) }),
  ...(session.stoppedAt && { networkTransfer: { ingress: 0, egress: 0 } }),
});

export const commandOut = ({ id, name, args, cwd, sessionId, exitCode, startedAt, endedAt }: CommandRecord) => ({
  ...{ id, name, args, cwd, sessionId, exitCode, startedAt },
  ...(endedAt !== null && { durationMs: endedAt - startedAt }),
});

export const snapshotOut = ({ id, sourceSessionId, sizeBytes, createdAt, status }: SnapshotRecord) => ({
  ...{ id, sourceSessionId, region: REGION, status, sizeBytes, createdAt, updatedAt: createdAt },
});

/** Another form than the one that is taken. */
function policyOut(policy: NetworkPolicy) {
  if (policy.mode !== undefined) return policy;
  const allow = policy.allow ?? {};
  if (Array.isArray(allow)) return { mode: 'custom', allowedDomains: allow };
  const forwardRules = Object.entries(allow).flatMap(([domain, rules]) =>
    rules.flatMap(({ forwardURL }) => (forwardURL === undefined ? [] : { domain, forwardURL })),
  );
  return { mode: 'custom', allowedDomains: Object.keys(allow), forwardRules };
}

/** Where requests to each name go; of a name without, nowhere in the double: nothing else is reached. */
export function forwardsOf(policy: NetworkPolicy): Map<string, string> {
  const allow = policy.mode === undefined ? (policy.allow ?? {}) : {};
  if (Array.isArray(allow)) return new Map();
  return new Map(
    Object.entries(allow).flatMap(([domain, rules]) => {
      const url = rules.find(({ forwardURL }) => forwardURL !== undefined)?.forwardURL;
      return url === undefined ? [] : [[domain, url] as const];
    }),
  );
}
