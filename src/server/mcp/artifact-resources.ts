// The artifacts of tasks as resources of their own: seed://tasks/{id}/artifacts/{name}, text as it is and other bytes in base64.
import {
  ProtocolError,
  ProtocolErrorCode,
  type ReadResourceResult,
  type Resource,
} from '@modelcontextprotocol/server';
import { LIMITS } from '../../protocol/limits.ts';
import type { Task } from '../../protocol/task.ts';
import { allowedCommand, type Platform } from './platform.ts';
import { answerOf } from './tool-result.ts';

export const ARTIFACT_COMMAND = 'tasks artifacts get';

export const ARTIFACT_TEMPLATE = {
  uriTemplate: 'seed://tasks/{id}/artifacts/{+name}',
  name: 'task artifact',
  description: 'One of the files that the task left, by its name',
};

const URI = /^seed:\/\/tasks\/([^/]+)\/artifacts\/(.+)$/;
const TEXT = /^text\/|^application\/(json|x-ndjson|xml|yaml)\b/;

export function artifactResource({ id }: Task, { name, size, type }: Task['artifacts'][number]): Resource {
  const path = name.split('/').map(encodeURIComponent).join('/');
  return {
    uri: `seed://tasks/${id}/artifacts/${path}`,
    name,
    title: `Task ${id.slice(0, 8)}, artifact ${name}`,
    mimeType: type,
    size,
  };
}

/**
 * Null: the address is no artifact's, or the key may read none.
 * @throws SeedError not_found and what else REST refuses; ProtocolError for one that is too large for a resource
 */
export async function readArtifact(
  platform: Platform,
  uri: string,
  signal: AbortSignal,
): Promise<ReadResourceResult['contents'] | null> {
  const [, id = '', path = ''] = URI.exec(uri) ?? [];
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
  return [
    {
      uri,
      mimeType,
      ...(TEXT.test(mimeType) ? { text: bytes.toString('utf8') } : { blob: bytes.toString('base64') }),
    },
  ];
}

/** Null: it is empty, or not encoded as an address is. */
function decoded(path: string): string | null {
  try {
    return path === '' ? null : path.split('/').map(decodeURIComponent).join('/');
  } catch {
    return null;
  }
}
