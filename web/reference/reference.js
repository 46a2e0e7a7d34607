// The script of the page at /docs: gives the library what /openapi.json says, in the theme of the dashboard, and lets
// calls that are tried go out by the dashboard's session where no key was pasted.
const THEMES = {
  light: {
    'bg-color': '#ffffff',
    'text-color': '#27272a',
    'primary-color': '#0f766e',
    'secondary-color': '#0f766e',
    'nav-bg-color': '#f4f4f5',
    'nav-text-color': '#3f3f46',
    'nav-hover-bg-color': '#e4e4e7',
    'nav-hover-text-color': '#18181b',
    'header-color': '#0f766e',
  },
  dark: {
    'bg-color': '#18181b',
    'text-color': '#e4e4e7',
    'primary-color': '#5eead4',
    'secondary-color': '#5eead4',
    'nav-bg-color': '#09090b',
    'nav-text-color': '#d4d4d8',
    'nav-hover-bg-color': '#27272a',
    'nav-hover-text-color': '#fafafa',
    'header-color': '#5eead4',
  },
};

const explorer = document.querySelector('openapi-explorer');
/** Where Seed is, which may be below a prefix. */
const base = new URL('.', location.href);
const dark = matchMedia('(prefers-color-scheme: dark)');

showTheme();
dark.addEventListener('change', showTheme);
explorer.setAttribute('server-url', base.href.replace(/\/$/, ''));
explorer.addEventListener('request', ({ detail: { request } }) => {
  const { headers } = request.options;
  // Without it no request goes by the session: it tells that a page of this Seed sends it.
  if (!headers.has('authorization')) headers.set('Seed-Dashboard', '1');
});
await customElements.whenDefined('openapi-explorer');
await Promise.all([showDescription(), showWho()]);

/** As first-paint.js of the dashboard chooses it. */
function showTheme() {
  let chosen = null;
  try {
    chosen = localStorage.getItem('seed-theme');
  } catch {
    // Storage can be switched off: then the system's theme is used.
  }
  const theme = chosen === 'light' || chosen === 'dark' ? chosen : dark.matches ? 'dark' : 'light';
  document.documentElement.dataset.theme = theme;
  for (const [name, value] of Object.entries(THEMES[theme])) explorer.setAttribute(name, value);
}

async function showDescription() {
  const description = await (await fetch(new URL('openapi.json', base))).json();
  for (const path of Object.values(description.paths))
    for (const operation of Object.values(path)) operation['x-code-samples'] = operation['x-codeSamples'];
  await explorer.loadSpec(description);
}

async function showWho() {
  const answer = await fetch(new URL('session', base));
  const place = document.getElementById('who');
  if (!answer.ok) return;
  const { key } = await answer.json();
  place.textContent = `Calls go out by the dashboard's session, with the key "${key.name}", unless another key is pasted.`;
}
