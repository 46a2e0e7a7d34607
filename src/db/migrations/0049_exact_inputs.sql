-- JSON of the input without secrets, with every digit, and with what would not be seen escaped. Null: asked before there was one.
alter table approvals add column exact_input text;
