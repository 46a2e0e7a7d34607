create table loans (
  account_id uuid not null,
  id uuid not null,
  book text not null,
  reader text not null,
  due_on date not null,
  created_at timestamptz not null,
  primary key (account_id, id),
  constraint loans_book unique (account_id, book)
);
comment on constraint loans_book on loans is 'The book is lent already.';
