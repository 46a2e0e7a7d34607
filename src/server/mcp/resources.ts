// resources/list, resources/templates/list and resources/read over whatever has resources.
import {
  type ReadResourceResult,
  type Resource,
  ResourceNotFoundError,
  type ResourceTemplateType,
  type Server,
  type ServerContext,
} from '@modelcontextprotocol/server';

export interface ResourceSource {
  list(
    cursor: string | undefined,
    ctx: ServerContext,
  ): Promise<{ resources: Resource[]; nextCursor?: string }>;
  templates: ResourceTemplateType[];
  /** Null: there is no such resource. */
  read(uri: string, ctx: ServerContext): Promise<ReadResourceResult['contents'] | null>;
}

export function serveResources(server: Server, source: ResourceSource): void {
  server.setRequestHandler('resources/list', ({ params }, ctx) => source.list(params?.cursor, ctx));
  server.setRequestHandler('resources/templates/list', () => ({ resourceTemplates: source.templates }));
  server.setRequestHandler('resources/read', async ({ params: { uri } }, ctx) => {
    const contents = await source.read(uri, ctx);
    if (contents === null) throw new ResourceNotFoundError(uri);
    return { contents };
  });
}
