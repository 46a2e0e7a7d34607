// Which theme the page has at the moment: what is drawn on a canvas does not follow the style sheet by itself.
import { useSyncExternalStore } from 'react';

const current = () => document.documentElement.dataset['theme'] ?? 'light';

export function usePageTheme(): string {
  return useSyncExternalStore(subscribe, current);
}

function subscribe(onChange: () => void): () => void {
  const observer = new MutationObserver(onChange);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  return () => observer.disconnect();
}
