// The pages, in the order of the navigation. A new page is a folder in routes/ and a line here.
import { commandsPage } from './routes/commands/page.ts';
import { keysPage } from './routes/keys/page.ts';
import { newTaskPage } from './routes/new-task/page.ts';
import { sandboxesPage } from './routes/sandboxes/page.ts';
import { tasksPage } from './routes/tasks/page.ts';
import { usagePage } from './routes/usage/page.ts';
import { webhooksPage } from './routes/webhooks/page.ts';
import type { Page } from './shell/page.ts';

export const PAGES = [
  tasksPage,
  newTaskPage,
  keysPage,
  webhooksPage,
  usagePage,
  sandboxesPage,
  commandsPage,
] as const satisfies readonly Page[];
