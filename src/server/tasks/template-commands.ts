// Instructions to start a task from, for those who may start one.
import { z } from 'zod';
import { defineCommand } from '../../command/define-command.ts';
import { pageOf } from '../../protocol/page.ts';
import { Template } from '../../protocol/template.ts';

export const listTemplates = defineCommand({
  name: 'templates list',
  summary: 'List instructions to start a task from: those whose scopes the key in use has',
  http: 'GET /templates',
  scope: 'tasks:write',
  effect: 'read',
  input: z.object({}),
  output: pageOf(Template),
  columns: ['title', 'scopes', 'pack', 'instruction'],
  examples: ['seed templates list', 'seed templates list --json'],
  run: async (_input, ctx) => ({ items: ctx.templates.list(), nextCursor: null }),
});
