// The one place that reads the process environment. Everything else is handed its settings.
/** The value of an environment variable; undefined when it is unset or empty. */
export function env(name: string): string | undefined {
  return process.env[name] || undefined;
}

/** All of it, to hand on to a child process. */
export function wholeEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env };
}
