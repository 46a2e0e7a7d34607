// Vercel's sandboxes as a remote driver needs them. Used by driver.ts.
//
// Never resumed: everything is asked of the session that was created, and reads say `resume: false`, because the
// SDK's own sandbox would start a stopped one again.
import { SeedError } from '../../protocol/errors.ts';
import type { Ran, Vendor, VendorSandbox, Wish } from '../remote/vendor.ts';
import { openVercel, type Sandbox, type Session, type VercelClient } from './client.ts';
import type { VercelSettings } from './settings.ts';
import { openTerminal } from './terminal.ts';

/** What there is to choose from; each has 2 GB of memory. */
const VCPUS = [1, 2, 4, 8];
const MIB = 1024 ** 2;
const BYTES_EACH = 2048 * MIB;
/** So many sessions are kept by their ids; one that was put out is asked for again. */
const SESSIONS_MOST = 512;
/** Limits are not told to the millisecond. */
const LIMIT_SLACK_MS = 1_500;
const PAGE = 50;

type Status = Session['status'];
const ENDED: ReadonlySet<Status> = new Set(['stopped', 'failed', 'aborted']);

/** @throws SeedError setup_failed */
export async function createVercelVendor(settings: VercelSettings): Promise<Vendor> {
  const { snapshotId, longestLifeMs, credentials } = settings;
  const client = await openVercel(settings);
  const { sdk, access, call } = client;
  const sessions = createSessions(client);

  function told(sandbox: Sandbox): VendorSandbox {
    const session = sandbox.currentSession();
    sessions.keep(session);
    return {
      name: sandbox.name,
      vendorId: session.sessionId,
      labels: sandbox.tags ?? {},
      state: stateOf(session.status),
      ...(ENDED.has(session.status) && { end: endOf(session) }),
      livedMs: livedMsOf(session),
      memoryBytes: session.memory * MIB,
      ...(session.activeCpuUsageMs !== undefined && {
        usage: { cpuSeconds: session.activeCpuUsageMs / 1000 },
      }),
    };
  }

  const get = (name: string) =>
    call(`tell of the sandbox ${name}`, () => sdk.Sandbox.get({ ...access, name, resume: false }));

  return {
    name: 'vercel',
    isolation: 'vm',
    snapshotId,
    reach: `vercel/${credentials?.teamId ?? ''}/${credentials?.projectId ?? ''}`,
    longestLifeMs,
    create: (wish) =>
      call(`create the sandbox ${wish.name}`, async () =>
        told(
          await sdk.Sandbox.create({
            ...access,
            name: wish.name,
            tags: { ...wish.labels },
            source: { type: 'snapshot', snapshotId },
            persistent: false,
            timeout: Math.ceil(wish.lifeMs),
            resources: { vcpus: vcpusFor(wish) },
            networkPolicy: policyOf(wish),
          }),
        ),
      ),
    async find(name) {
      try {
        return told(await get(name));
      } catch (error) {
        if ((error as { code?: string }).code === 'not_found') return null;
        throw error;
      }
    },
    list: (label, value) =>
      call('list sandboxes', async () => {
        // The SDK's type wants one name that it knows.
        const tags = { [label]: value } as { one: string };
        const pages = await sdk.Sandbox.list({ ...access, tags, limit: PAGE });
        return (await pages.toArray()).map(
          ({ name, currentSessionId: vendorId, tags: labels = {}, status }): VendorSandbox => ({
            ...{ name, vendorId, labels, state: stateOf(status) },
          }),
        );
      }),
    async destroy(sandbox) {
      const session = await sessions.of(sandbox);
      await call(`stop the sandbox ${sandbox.name}`, () => session.stop());
    },
    async forget({ name }) {
      const sandbox = await get(name);
      await call(`forget the sandbox ${name}`, () => sandbox.delete());
    },
    async relabel({ name }, labels) {
      const sandbox = await get(name);
      await call(`label the sandbox ${name}`, () => sandbox.update({ tags: { ...labels } }));
    },
    async limitLife(sandbox, lifeMs) {
      const session = await sessions.of(sandbox);
      const begun = (session.startedAt ?? session.createdAt).getTime();
      const moreMs = Math.ceil(Date.now() + lifeMs - (begun + session.timeout));
      // It can only be made later. What is to end before is ended by its keeper, or by us.
      if (moreMs <= 0) return;
      await call(`extend the sandbox ${sandbox.name}`, () => session.extendTimeout(moreMs));
    },
    async run(sandbox, [cmd = '', ...args], { timeoutMs, signal }): Promise<Ran> {
      const session = await sessions.of(sandbox);
      return call(`run a program in ${sandbox.name}`, async () => {
        const options = { timeoutMs: Math.ceil(timeoutMs), ...(signal && { signal }) };
        const finished = await session.runCommand({ cmd, args, sudo: true, ...options });
        const { exitCode: code } = finished;
        return { code, stdout: await finished.stdout(), stderr: code === 0 ? '' : await finished.stderr() };
      });
    },
    async startDetached(sandbox, [cmd = '', ...args]) {
      const session = await sessions.of(sandbox);
      const start = () => session.runCommand({ cmd, args, sudo: true, detached: true });
      await call(`start a program in ${sandbox.name}`, start);
    },
    async open(sandbox, command) {
      const session = await sessions.of(sandbox);
      const { url, token } = await call(`open a terminal in ${sandbox.name}`, () => session.openInteractive());
      const address = new URL(url);
      address.searchParams.set('token', token);
      return openTerminal(address, command);
    },
  };
}

function stateOf(status: Status): VendorSandbox['state'] {
  if (ENDED.has(status)) return 'ended';
  // One that is being stopped runs until it is.
  return status === 'pending' ? 'starting' : 'running';
}

function endOf(session: Session): VendorSandbox['end'] & object {
  const { timeout, status } = session;
  const byLimit = status === 'stopped' && livedMsOf(session) >= timeout - LIMIT_SLACK_MS;
  return { byLimit, why: `Vercel says of it: ${status}` };
}

function livedMsOf({ startedAt, createdAt, stoppedAt, requestedStopAt }: Session): number {
  return ((stoppedAt ?? requestedStopAt)?.getTime() ?? Date.now()) - (startedAt ?? createdAt).getTime();
}

/** The smallest that has both. */
function vcpusFor({ vcpus, memoryBytes }: Wish): number {
  const least = Math.max(vcpus, memoryBytes / BYTES_EACH);
  return VCPUS.find((count) => count >= least) ?? Math.max(...VCPUS);
}

/** Nothing at all, DNS included; or requests to one name, which Vercel brings to us. */
function policyOf({ forward }: Wish) {
  if (forward === undefined) return 'deny-all' as const;
  return { allow: { [forward.host]: [{ forwardURL: forward.url }] } };
}

/** Sessions by their ids: what can be asked of a very sandbox, and not of a later one of its name. */
function createSessions({ sdk, access, call }: VercelClient) {
  const kept = new Map<string, Session>();
  const keep = (session: Session) => {
    kept.delete(session.sessionId);
    kept.set(session.sessionId, session);
    const [oldest] = kept.keys();
    if (kept.size > SESSIONS_MOST && oldest !== undefined) kept.delete(oldest);
  };
  return {
    keep,
    /** @throws SeedError not_found when it is another's by now */
    async of({ name, vendorId }: VendorSandbox): Promise<Session> {
      const known = kept.get(vendorId);
      if (known) return known;
      const what = `tell of the sandbox ${name}`;
      const session = (
        await call(what, () => sdk.Sandbox.get({ ...access, name, resume: false }))
      ).currentSession();
      if (session.sessionId !== vendorId) throw new SeedError('not_found', `The sandbox ${name} is another one.`);
      keep(session);
      return session;
    },
  };
}
