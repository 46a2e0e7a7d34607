// The tool `finish`, whose parameters are what the caller wants to be answered: how Pi knows it, what the model is
// shown of it, and what it is told when it has not called it. Used by run-task.ts, pi.ts and run-agent.ts.
import { defineTool, type ToolDefinition } from '@earendil-works/pi-coding-agent';
import { isRecord } from '../lib/json.ts';
import type { ModelTraits } from '../protocol/model.ts';
import type { OutputDesk } from './output-desk.ts';

export const FINISH = 'finish';

/** Pi checks nothing of it, and neither bends nor compiles it: that is the server's. */
const PARAMETERS = { type: 'object', required: ['text'], properties: { text: { type: 'string' } } } as const;

export interface Siblings {
  /** Whether the message that made this call calls other tools, too. */
  hasOtherCalls(): boolean;
}

/** Null where the model is offered bash alone: it runs `seed finish`. */
export function finishTool(desk: OutputDesk, siblings: Siblings, { tools }: ModelTraits): ToolDefinition | null {
  if (tools === 'bash') return null;
  return defineTool({
    name: FINISH,
    label: FINISH,
    description: 'Ends the task with its answer. Call it once, alone, when everything else is done.',
    parameters: PARAMETERS,
    // In order with the other calls of its message, which so are done before it is answered.
    executionMode: 'sequential',
    prepareArguments: (args) => handedInBy(args),
    async execute(_callId, { text }: { text: string }) {
      const given = desk.give(siblings.hasOtherCalls() ? { problem: BESIDE_OTHERS } : { text });
      const { isTaken, says } = await given.catch((error: Error) => ({ isTaken: false, says: error.message }));
      return { content: [{ type: 'text', text: says }], details: { isHandedIn: true }, isError: !isTaken };
    },
  });
}

const BESIDE_OTHERS =
  'it came beside other calls, before it could know what they bring: they were run, so read what they brought first';

/** Some models write the arguments as a text of JSON. */
function handedInBy(args: unknown): { text: string } {
  return { text: typeof args === 'string' ? args : jsonOf(args) };
}

/** Without making null of a number that is too large, as JSON.stringify would: the server says so. */
function jsonOf(value: unknown): string {
  const kept = (_name: string, one: unknown) =>
    typeof one === 'number' && !Number.isFinite(one) ? TOO_LARGE : one;
  return JSON.stringify(value, kept) ?? 'null';
}

const TOO_LARGE = (JSON as unknown as { rawJSON(text: string): object }).rawJSON('1e999');

const WHOLE = 0;
const PLAIN = 1;
const ANY = 2;
const DESCRIBED_LENGTH = 8_000;

export interface ShownForm {
  /** The request, with the tool's parameters as they are shown now. */
  inRequest(request: unknown): unknown;
  /** The upstream has refused the request. @returns whether it is to be asked with less of the schema */
  isToBeLess(): boolean;
}

/**
 * Upstreams take more of JSON Schema or less, and say so by refusing the request: then it is asked with types and
 * fields alone, and at the last with the schema in words.
 */
export function shownForm({ forms }: Pick<OutputDesk, 'forms'>): ShownForm {
  let level = WHOLE;
  const { $schema: _, ...whole } = forms.whole;
  const parameters = [whole, forms.plain, { type: 'object', properties: {} }];
  const shown = (tool: unknown): unknown => {
    if (!isRecord(tool) || !isRecord(tool['function']) || tool['function']['name'] !== FINISH) return tool;
    const { description } = tool['function'];
    const inWords =
      level === ANY ? ` Its arguments must fit: ${JSON.stringify(whole).slice(0, DESCRIBED_LENGTH)}` : '';
    const said = { ...tool['function'], description: `${description}${inWords}`, parameters: parameters[level] };
    return { ...tool, function: said };
  };
  return {
    inRequest: (request) =>
      isRecord(request) && Array.isArray(request['tools'])
        ? { ...request, tools: request['tools'].map(shown) }
        : request,
    isToBeLess() {
      if (level === ANY) return false;
      // What would be the same is not asked again.
      level = level === WHOLE && JSON.stringify(forms.plain) !== JSON.stringify(whole) ? PLAIN : ANY;
      return true;
    },
  };
}

/** Whether the tool itself gave this result, and not Pi in its place. */
export function isHandedIn(result: unknown): boolean {
  return isRecord(result) && isRecord(result['details']) && result['details']['isHandedIn'] === true;
}

/** Of a call whose arguments could not be read, so that it never came to be one. */
export const UNREADABLE_ANSWER = 'its arguments could not be read as JSON';

/** What a model is told, once, that has answered and not handed in. */
export const FINISH_REMINDER =
  'You have not given the answer yet: text alone is not read. Call the tool finish now with the answer, from what you found, and write nothing else.';
/** The same of one that has bash alone. */
export const FINISH_COMMAND_REMINDER =
  "You have not given the answer yet: text alone is not read. Call bash now with `seed finish --json '…'`, the answer as JSON in the place of …, and write nothing else.";
