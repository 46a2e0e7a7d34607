// Templates as prompts: whoever picks one has its host hand that work to Seed, by the tool runTask.
import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import { fromText } from '../../lib/query-text.ts';
import type { Page } from '../../protocol/page.ts';
import type { Parameter, Template } from '../../protocol/template.ts';
import type { PromptSource } from './mcp-server.ts';
import { allowedCommand, type Platform } from './platform.ts';
import { asked, nullIfNotThere } from './refusals.ts';
import { answerOf } from './tool.ts';

export function seedPrompts(platform: Platform): PromptSource {
  const list = allowedCommand(platform, 'templates list');
  const get = allowedCommand(platform, 'templates get');
  return {
    async list(cursor, { mcpReq: { signal } }) {
      if (!list) return { prompts: [] };
      const input = cursor === undefined ? {} : { cursor };
      const page = await asked(async () => answerOf(await platform.call(list, input, { signal })));
      const { items, nextCursor } = page as unknown as Page<Template>;
      return { prompts: items.map(promptOf), ...(nextCursor !== null && { nextCursor }) };
    },
    async get(name, given, { mcpReq: { signal } }) {
      if (!get) return null;
      const answer = await asked(async () => answerOf(await platform.call(get, { name }, { signal }))).catch(
        nullIfNotThere,
      );
      if (answer === null) return null;
      const template = answer['template'] as Template;
      const text = messageOf(template, valuesOf(template, given));
      return { description: template.title, messages: [{ role: 'user', content: { type: 'text', text } }] };
    },
  };
}

function promptOf({ name, title, description, instruction, parameters }: Template) {
  const required = parameters?.required ?? [];
  const all = Object.entries(parameters?.properties ?? {});
  return {
    name,
    title,
    description: description || instruction.slice(0, 200),
    arguments: all.map(([argument, parameter]) => ({
      name: argument,
      description: describe(parameter),
      required: required.includes(argument) && parameter.default === undefined,
    })),
  };
}

function describe({ title, description, type, enum: choices, default: fallback }: Parameter): string {
  const kind = choices ? `one of ${choices.join(', ')}` : type;
  const otherwise = fallback === undefined ? '' : `; unless given: ${JSON.stringify(fallback)}`;
  return [title, description, `(${kind}${otherwise})`].filter(Boolean).join(' ');
}

/** A prompt's arguments are text. @throws ProtocolError for one that the template has not, or that is missing */
function valuesOf(
  { name, parameters }: Template,
  given: Readonly<Record<string, string>>,
): Record<string, unknown> {
  const properties = parameters?.properties ?? {};
  const foreign = Object.keys(given).find((argument) => !Object.hasOwn(properties, argument));
  const wrong = (message: string) => new ProtocolError(ProtocolErrorCode.InvalidParams, message);
  if (foreign !== undefined) throw wrong(`the prompt ${name} has no argument "${foreign}"`);
  const missing = (parameters?.required ?? []).find(
    (argument) => given[argument] === undefined && properties[argument]?.default === undefined,
  );
  if (missing !== undefined) throw wrong(`the prompt ${name} needs the argument "${missing}"`);
  const values = Object.entries(given).map(([argument, text]) => {
    const type = properties[argument]?.type ?? 'string';
    return [argument, type === 'string' ? text : fromText(text, { type })] as const;
  });
  return Object.fromEntries(values);
}

function messageOf({ name, title, instruction }: Template, parameters: Record<string, unknown>): string {
  const input = { template: name, ...(Object.keys(parameters).length > 0 && { parameters }) };
  return [
    `Hand this work to Seed: "${title}". Call the tool runTask once, with exactly this input:`,
    JSON.stringify(input),
    `Its agent is then told:\n${instruction}`,
    'When the task has ended, tell me what it answered.',
  ].join('\n\n');
}
