// A tool call that a model wrote into its answer, in whatever form, and what its readers share.
import { isRecord, parseJson, repairedJson } from '../json.ts';

export interface WrittenCall {
  name: string;
  arguments: Record<string, unknown>;
}

export interface OfferedTool {
  name: string;
  /** JSON Schema of its arguments. */
  parameters: Record<string, unknown>;
}

/** Reads a text that is calls and nothing else; null: it is something else, or cannot be read without guessing. */
export type CallsReader = (text: string, tools: readonly OfferedTool[]) => WrittenCall[] | null;

/** JSON, with the faults mended that have one meaning only; undefined: none. */
export function readJson(text: string): unknown {
  return parseJson(text) ?? parseJson(repairedJson(text));
}

/** What is in the one fence that the text is, and its language; null: it is none. */
export function inFence(text: string): { language: string; inner: string } | null {
  const lineEnd = text.indexOf('\n');
  if (!text.startsWith('```') || !text.endsWith('```') || lineEnd === -1) return null;
  const language = text.slice(3, lineEnd).trim();
  const inner = text.slice(lineEnd + 1, -3).trim();
  return inner === '' || !/^[\w+-]{0,30}$/.test(language) || /^```/m.test(inner) ? null : { language, inner };
}

/** The value of a parameter that was written without quotes: text, where the tool wants text or it is no JSON. */
export function typedValue(text: string, tool: string, key: string, tools: readonly OfferedTool[]): unknown {
  const properties = tools.find(({ name }) => name === tool)?.parameters['properties'];
  const property = isRecord(properties) ? properties[key] : undefined;
  const type = isRecord(property) ? property['type'] : undefined;
  if (type === 'string') return text;
  const value = parseJson(text.trim());
  return value === undefined ? text : value;
}

/** The tool's name without what models put in front of it. */
export function toolName(name: string, tools: readonly OfferedTool[]): string {
  const isOffered = (wanted: string) => tools.some((tool) => tool.name === wanted);
  const bare = name
    .trim()
    .replace(/^(?:functions?|tools?|default_api)[.:/]/, '')
    .replace(/\.call$/, '');
  return !isOffered(name) && isOffered(bare) ? bare : name.trim();
}
