// The door: what leaves the sandbox of a task without a runner is forwarded here by its vendor, with a token.
// Who is not let in learns nothing. What a guest may ask, and how much of it, src/relay says.
import { createHash } from 'node:crypto';
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { SeedError } from '../../protocol/errors.ts';
import { AGAIN_HEADER, GUEST_HEADER } from '../../protocol/guest-wire.ts';
import { jsonAnswer, refusalAnswer, refusalOf } from '../../relay/guest-request.ts';
import { createGuestLimits, type GuestLimits } from '../../relay/limits.ts';
import { answerGuest } from '../../relay/relay.ts';
import { startLine } from '../../relay/start-line.ts';
import type { HttpEnv } from '../http/http-types.ts';
import { leasedTask } from '../tasks/lease.ts';
import { toldLease } from '../tasks/told-lease.ts';
import { doorCharges } from './charges.ts';
import { guestOverHttp } from './guest-over-http.ts';
import { ASK_AGAIN, type GuestPartsNeeds, guestParts } from './guest-parts.ts';
import { DOOR_PATH } from './open-door.ts';
import { type DoorTask, hearGuest } from './starts.ts';
import type { DoorTokens } from './token.ts';

/** Those of the vendor's, believed once the token beside them is. */
const FORWARDED = {
  token: 'vercel-sandbox-oidc-token',
  host: 'vercel-forwarded-host',
  scheme: 'vercel-forwarded-scheme',
  path: 'vercel-forwarded-path',
};
const START = 'GET /start';
/** A request is answered within that time, or asked again. */
const MOST_MS = 10 * 60_000;
/** Tasks whose guests' calls are counted here. */
const TASKS_MOST = 1_000;
const MIB = 1024 * 1024;

export interface DoorRoutesNeeds extends GuestPartsNeeds {
  door: {
    tokens: DoorTokens;
    /** The one name that sandboxes reach. */
    name: string;
  };
  /** Aborted when the server begins to stop. */
  stopping: AbortSignal;
}

/** @param app answers what is sent on to the server */
export function doorRoutes(needs: DoorRoutesNeeds, app: Pick<Hono<HttpEnv>, 'fetch'>): Hono<HttpEnv> {
  const limits = limitsByTask(needs);
  const routes = new Hono<HttpEnv>();
  routes.all('*', async (c) => {
    const { path, guest } = await admitted(c, needs);
    if (`${c.req.method} ${path}` === START) return c.json(await startOf(needs, guest));
    return answered(c, { path, guest, limits: limits(guest.taskId) }, needs, app);
  });
  return routes;
}

/** @throws SeedError not_allowed, which tells nothing else; unavailable */
async function admitted(
  c: Context<HttpEnv>,
  { door, store }: DoorRoutesNeeds,
): Promise<{ path: string; guest: DoorTask }> {
  const vendorId = await door.tokens.sandboxOf(c.req.header(FORWARDED.token) ?? '', store.clock.now());
  const path = c.req.header(FORWARDED.path) ?? '';
  const shown = c.req.header(GUEST_HEADER) ?? '';
  const isOurs = c.req.header(FORWARDED.host) === door.name && c.req.header(FORWARDED.scheme) === 'https';
  if (vendorId === null || !isOurs || shown.length !== 64) throw notAllowed();
  const guestHash = createHash('sha256').update(shown).digest('hex');
  const starts = `${c.req.method} ${path}` === START;
  const guest = await hearGuest(store, { vendorId, guestHash, starts });
  if (guest === null) throw notAllowed();
  return { path, guest };
}

/**
 * What leaves a sandbox is let in at the door alone, whatever key it shows: also where somebody in between
 * has read dots in its path otherwise than we do.
 */
export const refuseBesideDoor: MiddlewareHandler<HttpEnv> = async (c, next) => {
  const isAtDoor = c.req.path === DOOR_PATH || c.req.path.startsWith(`${DOOR_PATH}/`);
  if (!isAtDoor && c.req.header(FORWARDED.token) !== undefined) throw notAllowed();
  await next();
};

const notAllowed = () => new SeedError('not_allowed', 'this is not allowed');

async function startOf(needs: DoorRoutesNeeds, { taskId, leaseId }: DoorTask) {
  const { store } = needs;
  const leased = await leasedTask(store.db, { taskId, leaseId });
  return startLine(toldLease(needs, leased), leased.task.resources.diskMb * MIB, store.clock.now());
}

interface Asked {
  path: string;
  guest: DoorTask;
  limits: GuestLimits;
}

function answered(
  c: Context<HttpEnv>,
  { path, guest, limits }: Asked,
  needs: DoorRoutesNeeds,
  app: Pick<Hono<HttpEnv>, 'fetch'>,
): Promise<Response> {
  const { log, stopping } = needs;
  const { incoming, deadline } = c.env;
  const leftMs = Math.min(MOST_MS, deadline?.leftMs() ?? MOST_MS);
  const late = AbortSignal.any([AbortSignal.timeout(leftMs), stopping]);
  const over = AbortSignal.any([c.req.raw.signal, late]);
  return new Promise((resolve) => {
    let isAnswered = false;
    const request = guestOverHttp(c, { path, over }, (response) => {
      isAnswered = true;
      resolve(response);
    });
    const within = {
      leftMs,
      limits,
      fetch: async (inner: Request) => app.fetch(inner, { incoming, ...(deadline && { deadline }) }),
    };
    answerGuest(request, guestParts(needs, guest, within))
      .then(() => {
        // Nobody was there to take an answer any more.
        if (!isAnswered) throw ASK_AGAIN;
      })
      .catch((error: unknown) => {
        if (isAnswered) return log.debug({ err: error }, 'an answer to a guest broke off');
        resolve(refusal(error, late.aborted, needs));
      })
      .finally(() => request.end());
  });
}

function refusal(error: unknown, isLate: boolean, { log }: DoorRoutesNeeds): Response {
  const told = refusalOf(error);
  const again = error === ASK_AGAIN || isLate;
  if (told.code === 'internal' && !isLate) log.warn({ err: error }, 'a call of a guest failed');
  const {
    status,
    headers = {},
    content,
  } = again
    ? { ...jsonAnswer(503, ''), headers: { [AGAIN_HEADER]: '1' } }
    : refusalAnswer(told.code === 'lease_lost' ? notAllowed() : told);
  return new Response(content as string | null, { status, headers });
}

/** As this server counts: those of the tasks that have called last. */
function limitsByTask({ store }: DoorRoutesNeeds) {
  const known = new Map<string, GuestLimits>();
  return (taskId: string): GuestLimits => {
    const limits = known.get(taskId) ?? createGuestLimits(doorCharges(store, taskId));
    known.delete(taskId);
    known.set(taskId, limits);
    for (const oldest of known.keys()) {
      if (known.size <= TASKS_MOST) break;
      known.delete(oldest);
    }
    return limits;
  };
}
