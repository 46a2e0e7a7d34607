-- servers from: 0049
-- How far wake-ups are, for servers that cannot listen: src/db/topics.ts says which topics move which.
create sequence signals_0;
create sequence signals_1;
create sequence signals_2;
create sequence signals_3;
create sequence signals_4;
create sequence signals_5;
create sequence signals_6;
create sequence signals_7;
create sequence signals_8;
create sequence signals_9;
create sequence signals_10;
create sequence signals_11;
create sequence signals_12;
create sequence signals_13;
create sequence signals_14;
create sequence signals_15;
