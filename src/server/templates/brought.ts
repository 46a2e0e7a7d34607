// The templates that Seed and its packs bring: they are the same for every account and have one version.
import type { PackTemplate } from '../../pack/definition.ts';
import { Limit } from '../../protocol/grant.ts';
import type { Template } from '../../protocol/template.ts';
import { checkParameters } from './parameters.ts';

/** As Seed itself and packs write one. */
export type BroughtTemplate = PackTemplate;

/**
 * @param pack null: Seed itself
 * @throws SeedError invalid_input for parameters that mean nothing, and for two of one name
 */
export function broughtTemplates(pack: string | null, templates: readonly BroughtTemplate[] = []): Template[] {
  const all = templates.map((template): Template => {
    const { title, instruction, parameters = null, scopes, limits = [], output } = template;
    checkParameters(parameters, instruction);
    return {
      name: `${pack ?? 'seed'}.${template.name ?? nameOf(title)}`,
      version: 1,
      title,
      description: '',
      instruction,
      parameters,
      scopes: [...scopes],
      limits: limits.map((limit) => Limit.parse(limit)),
      task: output === undefined ? {} : { output: { schema: output } },
      pack,
      kept: false,
      keyId: null,
      createdAt: null,
    };
  });
  return all.filter(({ name }, index) => all.findIndex((other) => other.name === name) === index);
}

/** `Unpaid invoices` → `unpaid-invoices` */
const nameOf = (title: string): string =>
  title
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 50) || 'template';
