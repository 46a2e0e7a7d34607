// Instructions to start a task from: Seed's own, then those of the packs. A key is told of those that its scopes are enough for.
import type { Actor } from '../../command/call.ts';
import type { TemplateService } from '../../command/context.ts';
import { allows } from '../../protocol/scope.ts';
import type { ServerParts } from '../parts.ts';
import { OWN_TEMPLATES } from './own-templates.ts';

export function templateService(
  { packs }: Pick<ServerParts, 'packs'>,
  { key }: Pick<Actor, 'key'>,
): TemplateService {
  return {
    list: () =>
      [
        ...OWN_TEMPLATES.map((template) => ({ ...template, pack: null })),
        ...packs.flatMap(({ name, templates = [] }) =>
          templates.map((template) => ({ ...template, pack: name })),
        ),
      ].flatMap(({ title, instruction, scopes, pack }) =>
        scopes.every((scope) => allows(key.scopes, scope))
          ? [{ title, instruction, scopes: [...scopes], pack }]
          : [],
      ),
  };
}
