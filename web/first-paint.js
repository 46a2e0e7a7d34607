// Runs before the first paint, as a blocking script of its own: the page never shows in the theme that was not
// chosen. The same rule as src/shell/theme.ts.
(() => {
  let theme = null;
  try {
    theme = localStorage.getItem('seed-theme');
  } catch {
    // Storage can be switched off: then the system's theme is used.
  }
  if (theme !== 'light' && theme !== 'dark') {
    theme = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  }
  document.documentElement.dataset.theme = theme;
})();
