// Where to go after signing in: a path of this Seed, and never another site. Used by the dashboard and the server,
// which both are given it by whoever wrote the link.

/** What browsers read as something else than what it looks like: they drop some, and take others for a slash. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const ODD = /[\\\u0000-\u0020\u007f-\u{10ffff}]/u;
/** Signing in again would follow, or signing out. */
const NEVER = /^\/(sign-in|session|api|approve)(?![\w-])/i;

/** Whether it is a page to come back to, such as `/tasks?q=x`; `//elsewhere` and what browsers read so is none. */
export function isOwnPath(to: unknown): to is string {
  if (typeof to !== 'string' || !/^\/(?!\/)/.test(to) || ODD.test(to)) return false;
  const base = 'http://seed.invalid';
  const url = URL.canParse(to, base) ? new URL(to, base) : null;
  return url?.origin === base && !url.pathname.startsWith('//') && !NEVER.test(url.pathname);
}
