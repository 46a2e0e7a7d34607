// Whether an upstream refused a request because it is longer than the model's context, in whatever spelling.
// Called by ../upstream-refusal.ts. The spellings are those of too-long.test.ts, which names who writes so.

const CODES =
  /context_?(length|window|size)_?exceed|exceeds?_context|context_exceeded|context_too_long|prompt_?too_?long|input_?too_?long|request_too_large|tokens_limit_reached|max_context/;

const NOUN =
  '(?:context(?:[ _-]?(?:length|window|size|limit))?|(?:prompt|input|sequence|conversation|messages?|history|inputs)(?:[ _-]?(?:length|size|tokens?|token count))?|number of (?:input |prompt )?tokens|requested tokens?|token (?:limit|count)|kv (?:cache|size))';
const BEYOND =
  '(?:exceed\\w*|(?:longer|larger|greater|bigger|more) than|too (?:long|large|big|many)|is full|overflow\\w*|over (?:the|its)|not enough)';

/** Each by itself says it. */
const SAYS_SO: readonly RegExp[] = [
  new RegExp(`\\b${NOUN}\\b[^.;!?\\n]{0,120}?\\b${BEYOND}`, 'i'),
  new RegExp(
    `\\b${BEYOND}\\b[^.;!?\\n]{0,80}?\\b(?:context|(?:prompt|input|sequence) (?:length|tokens?)|kv|max(?:imum)?[ _](?:model|context|prompt|input|sequence|seq)[ _]len)`,
    'i',
  ),
  /\b(?:too many|max(?:imum)? (?:allowed )?number of|exceeded (?:the )?(?:model )?(?:max(?:imum)? )?)(?:input |prompt |total )?tokens?\b/i,
  /\bmax(?:imum)?(?:[ _]allowed)?[ _](?:context|prompt|input|sequence|model)[ _](?:length|len|size|tokens)\b/i,
  /\b(?:reduce|shorten) (?:the length of )?(?:the |your )?(?:messages?\b|prompt|input|conversation)/i,
  /\brange of input length\b/i,
  /\b(?:must have|supports?|accepts?|allows?|takes?) (?:less than|fewer than|at most|only up to|up to|only|a maximum of) [\d,]+(?: (?:input|context|prompt))? ?(?:tokens?\b|\.|$)/i,
  /\brequest (?:is )?(?:too long|exceeds? (?:the )?(?:maximum )?(?:token|context))/i,
  /\btokens? \+ `?max_(?:new_)?tokens`? must be\b/i,
  /\bmax_tokens must be at least 1, got -\d/i,
  /\brequest (?:body )?too large for \S+.*\btokens?\b/i,
  /ContextWindowExceeded/,
  /(?:超长|超过.{0,12}(?:长度|上下文|限制)|上下文.{0,6}(?:超|过长)|输入.{0,6}(?:过长|超))/,
];

/** What passes by itself, or is about the account. */
const PASSES =
  /\b(?:tokens?|requests?)[ _-]?(?:per|\/|a)[ _-]?(?:min(?:ute)?|day|hour|second)\b|\b[tr]p[md]\b|rate[ _-]?limit|quota|too many requests|throttl|please (?:wait|retry|try again)|try again (?:in|later)|can only afford|credits?\b|billing/i;

/** About the answer's length alone, which the request itself asked for. */
const ABOUT_ANSWER = /\b(?:max_(?:completion_|new_|output_)?tokens|completion tokens|output tokens)\b/i;
const ABOUT_REQUEST = /\b(?:context|prompt|inputs?|messages?)\b/i;

export interface Refused {
  status: number | null;
  /** All that it said. */
  text: string;
  /** As `codesOf` finds them. */
  codes: readonly string[];
}

export function saysTooLong({ status, text, codes }: Refused): boolean {
  if (status === 401 || status === 402 || status === 403) return false;
  if (isOverItsLimit(text)) return true;
  if (codes.some((code) => CODES.test(code))) return true;
  if (PASSES.test(text)) return false;
  if (
    /\b(?:image|audio|video|file|attachment|tools?|stop|system)\b[^.]{0,40}\btoo (?:large|long|many|big)/i.test(
      text,
    )
  )
    return false;
  if (ABOUT_ANSWER.test(text) && !ABOUT_REQUEST.test(text)) return /at least 1, got -\d/.test(text);
  if (SAYS_SO.some((pattern) => pattern.test(text))) return true;
  return status === 413;
}

/** "Limit 6000, Requested 8000": more at once than a minute allows never passes, however long one waits. */
function isOverItsLimit(text: string): boolean {
  if (!/request too large|must be reduced|reduce your message size/i.test(text)) return false;
  const { limit, requested } =
    /limit:? (?<limit>[\d,]+),? requested:? (?<requested>[\d,]+)/i.exec(text)?.groups ?? {};
  return limit !== undefined && countOf(requested) > countOf(limit);
}

const countOf = (text = '') => Number(text.replaceAll(',', ''));
