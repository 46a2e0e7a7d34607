// What a page tells about itself, for the navigation, its shortcut and its screenshot.
import { type AnyRoute, createRoute, type RouteComponent } from '@tanstack/react-router';
import type { ComponentType } from 'react';
import type { IconName } from '../ui/icon.tsx';

export interface Page {
  name: string;
  path: string;
  icon: IconName;
  /** The shortcut that leads there, such as `g k`. */
  keys: string;
  /** The command without which the page is of no use; null: any key may see it. */
  needs: string | null;
  /** How much waits there, beside its name in the navigation. */
  Count?: ComponentType;
  routes: readonly AnyRoute[];
}

export function offeredPages(pages: readonly Page[], may: (command: string) => boolean): Page[] {
  return pages.filter(({ needs }) => needs === null || may(needs));
}

/** A text of an address; undefined where there is none. The router reads what looks like a number as one. */
export function textIn(value: unknown): string | undefined {
  return (typeof value === 'string' && value !== '') || typeof value === 'number' ? String(value) : undefined;
}

/**
 * A route of a page, below another route; its component is loaded when it is first shown (`lazyRouteComponent`).
 * @param validateSearch reads the address's query. It names what is undefined: what is left out stays as sent.
 */
export function pageRoute<Parent extends AnyRoute, const Path extends string, Search = Record<never, never>>(
  parent: Parent,
  path: Path,
  component: RouteComponent,
  validateSearch?: (search: Record<string, unknown>) => Search,
) {
  return createRoute({ getParentRoute: () => parent, path, component, ...(validateSearch && { validateSearch }) });
}
