// Takes secrets out of text that came from an LLM upstream or a platform before it reaches a caller or a log.

const REMOVED = '[removed]';

/** `sk-…`, `sk_live_…` and their masked forms (`sk-ab***yz`), wherever they stand. */
const KEY_SHAPE = /\bsk[-_][\w*.-]{4,}/gi;
const BEARER = /\b(bearer|basic)\s+[\w*.~+/=-]{4,}/gi;
const AUTHORIZATION =
  /(\b(?:authorization|x-api-key|api[-_ ]?key)["']?\s*[:=]\s*["']?)(?!\[removed\])(?:(?:bearer|basic)\s+)?[^\s"',;}]+/gi;

/**
 * The text without the given secrets and without anything that looks like a key or an Authorization value.
 * @param secrets exact values, such as the upstream's key
 */
export function removeSecrets(text: string, secrets: readonly string[]): string {
  const withoutKnown = secrets
    .filter((secret) => secret !== '')
    .reduce((rest, secret) => rest.replaceAll(secret, REMOVED), text);
  return withoutKnown
    .replace(AUTHORIZATION, `$1${REMOVED}`)
    .replace(BEARER, `$1 ${REMOVED}`)
    .replace(KEY_SHAPE, REMOVED);
}
