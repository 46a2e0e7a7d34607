// The pages, in the order of the navigation. A new page is a folder in routes/ and a line here.
import { commandsPage } from './routes/commands/page.ts';
import { keysPage } from './routes/keys/page.ts';
import { newTaskPage } from './routes/new-task/page.ts';
import type { Page } from './shell/page.ts';

export const PAGES = [newTaskPage, keysPage, commandsPage] as const satisfies readonly Page[];
