// A library: which books are lent to whom, and until when.
import { commandsOn, definePack, newestFirst, pageInput, pageOf, z } from 'seed/pack';

interface Tables {
  loans: { account_id: string; id: string; book: string; reader: string; due_on: string; created_at: Date };
}
const defineCommand = commandsOn<Tables>();

const listLoans = defineCommand({
  name: 'loans list',
  summary: 'List the books that are lent, the newest loan first',
  http: 'GET /loans',
  scope: 'loans:read',
  effect: 'read',
  input: z.object(pageInput),
  output: pageOf(z.object({ book: z.string(), reader: z.string(), dueOn: z.iso.date(), isOverdue: z.boolean() })),
  columns: ['book', 'reader', 'dueOn', 'isOverdue'],
  examples: ['seed loans list'],
  run: (page, { db, account, clock }) => {
    const today = clock.now().toISOString().slice(0, 10);
    const ours = db.selectFrom('loans').selectAll().where('account_id', '=', account.id);
    return newestFirst(ours, page, ({ book, reader, due_on }) => ({
      book,
      reader,
      dueOn: due_on,
      isOverdue: due_on < today,
    }));
  },
});

const addLoan = defineCommand({
  name: 'loans add',
  summary: 'Lend a book to a reader, for at most 60 days',
  http: 'POST /loans',
  scope: 'loans:write',
  effect: 'write',
  creates: true,
  input: z.object({
    book: z.string().min(1).max(200).describe('Title of the book'),
    reader: z.string().min(1).max(100).describe('Who takes it'),
    days: z.number().int().min(1).max(60).default(30).describe('For how many days'),
  }),
  output: z.object({ id: z.uuid(), dueOn: z.iso.date() }),
  successStatus: 201,
  examples: ['seed loans add "Emma" --reader Ada --days 14'],
  run: async ({ book, reader, days }, { db, account, clock, creationId: id }) => {
    const created_at = clock.now();
    const dueOn = new Date(created_at.getTime() + days * 86_400_000).toISOString().slice(0, 10);
    const row = { account_id: account.id, id, book, reader, due_on: dueOn, created_at };
    // A second loan of the book breaks the table's rule, and the caller is told in the words of the migration.
    await db.insertInto('loans').values(row).execute();
    return { id, dueOn };
  },
});

export const pack = definePack<Tables>({ name: 'library', title: 'Library', commands: [listLoans, addLoan] });
