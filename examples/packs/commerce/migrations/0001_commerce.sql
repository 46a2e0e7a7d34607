create table products (
  account_id uuid not null,
  sku text not null,
  name text not null,
  -- As people typed it: Electronics and electronics are one.
  category text not null,
  supplier text not null,
  cost_cents integer not null,
  price_cents integer not null,
  -- Null: nobody has set one.
  reorder_threshold integer,
  reorder_quantity integer,
  discontinued boolean not null,
  primary key (account_id, sku)
);
create index products_of_category on products (account_id, lower(category), sku);

create table stock (
  account_id uuid not null,
  sku text not null,
  warehouse text not null,
  on_hand integer not null,
  -- Sold and not shipped yet; more than is there when too much was sold.
  reserved integer not null,
  primary key (account_id, sku, warehouse),
  foreign key (account_id, sku) references products
);

create table purchase_orders (
  account_id uuid not null,
  id uuid not null,
  sku text not null,
  supplier text not null,
  quantity integer not null check (quantity > 0),
  cost_cents integer not null,
  status text not null check (status in ('open', 'received', 'cancelled')),
  -- The task that created it, if one did.
  task_id uuid,
  created_at timestamptz not null,
  primary key (account_id, id),
  foreign key (account_id, sku) references products
);
create index purchase_orders_newest on purchase_orders (account_id, created_at desc, id desc);
create index purchase_orders_open on purchase_orders (account_id, sku) where status = 'open';

create table users (
  account_id uuid not null,
  id uuid not null,
  name text not null,
  email text not null,
  role text not null check (role in ('admin', 'buyer', 'clerk')),
  created_at timestamptz not null,
  primary key (account_id, id)
);
