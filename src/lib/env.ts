// The one place that reads the process environment. Everything else is handed its settings.
/** The value of an environment variable; undefined when it is unset or empty. */
export function env(name: string): string | undefined {
  return process.env[name] || undefined;
}

/** Those that are set and begin so, by the rest of their names. */
export function envAfter(prefix: string): Record<string, string> {
  const entries = Object.entries(process.env).flatMap(([name, value]) =>
    name.startsWith(prefix) && value ? [[name.slice(prefix.length), value] as const] : [],
  );
  return Object.fromEntries(entries);
}

/** All of it, to hand on to a child process. */
export function wholeEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env };
}

/** Changes the process's own in place, so that what Node keeps of it, such as the time zone, follows. */
export function replaceEnvironment(env: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(process.env)) if (!Object.hasOwn(env, name)) delete process.env[name];
  for (const [name, value] of Object.entries(env)) if (process.env[name] !== value) process.env[name] = value;
}
