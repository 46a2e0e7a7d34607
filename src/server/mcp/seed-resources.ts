// The tasks of the caller's account as resources: seed://tasks/{id}/transcript, /ledger, /artifacts and each of
// these, of which text is given as it is and other bytes in base64.
import { ProtocolError, ProtocolErrorCode, type Resource } from '@modelcontextprotocol/server';
import type { LedgerEntry } from '../../protocol/ledger.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Page } from '../../protocol/page.ts';
import type { Task } from '../../protocol/task.ts';
import type { ResourceSource } from './mcp-server.ts';
import { allowedCommand, type Platform } from './platform.ts';
import { asked, nullIfNotThere } from './refusals.ts';
import { answeredLines, answerOf } from './tool.ts';

interface Part {
  description: string;
  mimeType: string;
  /** The command that its text is made from. */
  command: string;
  read(ask: Ask, id: string): Promise<string>;
}

/** Calls the part's command over REST. */
type Ask = (input: Record<string, unknown>) => Promise<Response>;

const PARTS: Record<string, Part> = {
  transcript: {
    description: 'What the task did: its events, oldest first, one JSON object a line',
    mimeType: 'application/x-ndjson',
    command: 'tasks events',
    read: transcript,
  },
  ledger: {
    description: 'The commands that its agent called, and what they changed',
    mimeType: 'application/json',
    command: 'tasks ledger',
    read: ledger,
  },
  artifacts: {
    description: 'The files that it left: name, size, type, sha256',
    mimeType: 'application/json',
    command: 'tasks get',
    read: artifacts,
  },
};

const URI = /^seed:\/\/tasks\/([^/]+)\/([a-z]+)$/;
const ARTIFACT_COMMAND = 'tasks artifacts get';
const ARTIFACT_TEMPLATE = {
  uriTemplate: 'seed://tasks/{id}/artifacts/{+name}',
  name: 'task artifact',
  description: 'One of the files that the task left, by its name',
};
const ARTIFACT_URI = /^seed:\/\/tasks\/([^/]+)\/artifacts\/(.+)$/;
const TEXT = /^text\/|^application\/(json|x-ndjson|xml|yaml)\b/;

export function seedResources(platform: Platform): ResourceSource {
  const usable = Object.entries(PARTS).filter(([, { command }]) => allowedCommand(platform, command));
  const readsArtifacts = allowedCommand(platform, ARTIFACT_COMMAND) !== undefined;
  return {
    list: async (cursor, { mcpReq: { signal } }) => {
      const command = allowedCommand(platform, 'tasks list');
      if (!command) return { resources: [] };
      const page = await asked(async () =>
        answerOf(await platform.call(command, cursor === undefined ? {} : { cursor }, { signal })),
      );
      const { items, nextCursor } = page as unknown as Page<Task>;
      const resources = items.flatMap((task) => [
        ...usable.map(([name, part]) => resourceOf(task, name, part)),
        ...(readsArtifacts ? task.artifacts.map((artifact) => artifactResource(task, artifact)) : []),
      ]);
      return { resources, ...(nextCursor !== null && { nextCursor }) };
    },
    templates: [
      ...usable.map(([name, { description, mimeType }]) => ({
        uriTemplate: `seed://tasks/{id}/${name}`,
        name: `task ${name}`,
        description,
        mimeType,
      })),
      ...(readsArtifacts ? [ARTIFACT_TEMPLATE] : []),
    ],
    read: async (uri, { mcpReq: { signal } }) => {
      const artifact = await asked(() => readArtifact(platform, uri, signal)).catch(nullIfNotThere);
      if (artifact) return artifact;
      const [, id = '', name = ''] = URI.exec(uri) ?? [];
      const part = Object.hasOwn(PARTS, name) ? PARTS[name] : undefined;
      const command = part && allowedCommand(platform, part.command);
      if (!command) return null;
      const ask: Ask = (input) => platform.call(command, input, { signal });
      const text = await asked(() => part.read(ask, id)).catch(nullIfNotThere);
      return text === null ? null : [{ uri, mimeType: part.mimeType, text }];
    },
  };
}

function resourceOf({ id, instruction }: Task, name: string, { description, mimeType }: Part): Resource {
  const title = `Task ${id.slice(0, 8)}, ${name}: ${instruction.split('\n', 1).join('').slice(0, 80)}`;
  return { uri: `seed://tasks/${id}/${name}`, name: `task-${id}-${name}`, title, description, mimeType };
}

/** Cut at its end when it is large: getTaskEvents pages through the whole. */
async function transcript(ask: Ask, id: string): Promise<string> {
  const response = await ask({ id, past: true });
  let text = '';
  for await (const line of answeredLines(response)) {
    if (text.length + line.length > LIMITS.mcp.resourceBytes) return text;
    text += `${line}\n`;
  }
  return text;
}

async function ledger(ask: Ask, id: string): Promise<string> {
  const items: LedgerEntry[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const input = { id, limit: LIMITS.pageSize, ...(cursor !== '' && { cursor }) };
    const page = await answerOf(await ask(input));
    const { items: more, nextCursor } = page as unknown as Page<LedgerEntry>;
    items.push(...more);
    cursor = JSON.stringify(items).length > LIMITS.mcp.resourceBytes ? null : nextCursor;
  }
  return JSON.stringify({ items });
}

async function artifacts(ask: Ask, id: string): Promise<string> {
  const { task } = await answerOf(await ask({ id }));
  return JSON.stringify({ items: (task as Task).artifacts });
}

function artifactResource({ id }: Task, { name, size, type }: Task['artifacts'][number]): Resource {
  const path = name.split('/').map(encodeURIComponent).join('/');
  const title = `Task ${id.slice(0, 8)}, artifact ${name}`;
  return { uri: `seed://tasks/${id}/artifacts/${path}`, name, title, mimeType: type, size };
}

/**
 * Null: the address is no artifact's, or the key may read none.
 * @throws SeedError not_found and what else REST refuses; ProtocolError for one that is too large for a resource
 */
async function readArtifact(
  platform: Platform,
  uri: string,
  signal: AbortSignal,
): ReturnType<ResourceSource['read']> {
  const [, id = '', path = ''] = ARTIFACT_URI.exec(uri) ?? [];
  const name = decoded(path);
  const command = allowedCommand(platform, ARTIFACT_COMMAND);
  if (name === null || !command) return null;
  const response = await platform.call(command, { id, name }, { signal });
  if (!response.ok) await answerOf(response);
  const size = Number(response.headers.get('content-length'));
  if (size > LIMITS.mcp.resourceBytes) {
    await response.body?.cancel();
    throw new ProtocolError(
      ProtocolErrorCode.InvalidParams,
      `the artifact "${name}" has ${size} bytes, a resource at most ${LIMITS.mcp.resourceBytes}: download it over REST or with "seed ${ARTIFACT_COMMAND}"`,
    );
  }
  const [mimeType = ''] = (response.headers.get('content-type') ?? 'application/octet-stream').split(';');
  const bytes = Buffer.from(await response.arrayBuffer());
  const content = TEXT.test(mimeType) ? { text: bytes.toString('utf8') } : { blob: bytes.toString('base64') };
  return [{ uri, mimeType, ...content }];
}

/** Null: it is empty, or not encoded as an address is. */
function decoded(path: string): string | null {
  try {
    return path === '' ? null : path.split('/').map(decodeURIComponent).join('/');
  } catch {
    return null;
  }
}
