-- {vcpus, memoryMb, diskMb, processes}; tasks from before had what was the only choice then.
alter table tasks add column resources jsonb not null
  default '{"vcpus": 2, "memoryMb": 1024, "diskMb": 512, "processes": 256}';
alter table tasks alter column resources drop default;
-- {cpuSeconds, peakMemoryBytes, wallMs}, as the runner measured it.
alter table tasks add column usage jsonb;
