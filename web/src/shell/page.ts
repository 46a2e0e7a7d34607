// What a page of the dashboard tells about itself: from it come its place in the navigation, its shortcut, its
// screenshot.
import { type AnyRoute, createRoute, type RouteComponent } from '@tanstack/react-router';
import type { IconName } from '../ui/icon.tsx';

export interface Page {
  name: string;
  path: string;
  icon: IconName;
  /** The shortcut that leads there, such as `g k`. */
  keys: string;
  /** The command without which the page is of no use; null: any key may see it. */
  needs: string | null;
  routes: readonly AnyRoute[];
}

/** The pages that a key is offered. */
export function offeredPages(pages: readonly Page[], may: (command: string) => boolean): Page[] {
  return pages.filter(({ needs }) => needs === null || may(needs));
}

/** A text of an address; undefined where there is none. The router reads what looks like a number as one. */
export function textIn(value: unknown): string | undefined {
  return (typeof value === 'string' && value !== '') || typeof value === 'number' ? String(value) : undefined;
}

/**
 * A route of a page, below another route.
 * @param component loaded when it is first shown: `lazyRouteComponent`
 * @param validateSearch reads what stands behind the `?` of the address. What it gives is named although
 * undefined:
 *   what it leaves out would stay as it was sent
 */
export function pageRoute<Parent extends AnyRoute, const Path extends string, Search = Record<never, never>>(
  parent: Parent,
  path: Path,
  component: RouteComponent,
  validateSearch?: (search: Record<string, unknown>) => Search,
) {
  return createRoute({ getParentRoute: () => parent, path, component, ...(validateSearch && { validateSearch }) });
}
