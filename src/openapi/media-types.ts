// Kinds of media types, as OpenAPI documents write them. Used by body.ts and parameters.ts, and where packs send
// and read them.

/** Of lines or records of JSON, one after the other (OpenAPI 3.2, sequential media types). */
export const LINES_TYPE =
  /^(application|text)\/([\w.+-]*[.+-])?(x-)?(ndjson|jsonl|jsonlines|json-?lines|json-seq|stream\+json)\s*(;|$)/i;
/** Each record of it has a mark before it (RFC 7464). */
export const MARKED_TYPE = /[/.+-]json-seq\b/i;
const JSON_TYPE = /^(application|text)\/([\w.+-]*\+)?json\s*(;|$)|^\*\/\*$/i;
export const FORM_TYPE = /^application\/x-www-form-urlencoded\b/i;
export const MULTIPART_TYPE = /^multipart\/(form-data|mixed|related)\b/i;
export const TEXT_TYPE = /^(text\/|application\/([\w.+-]*\+)?(xml|yaml)\b|application\/(graphql|sql|jsonpath)\b)/i;

/** One value of JSON. */
export const isJsonType = (type: string): boolean => JSON_TYPE.test(type) && !LINES_TYPE.test(type);
