#!/bin/sh
# Calls the commands of the library: from the terminal, and by an agent that may only read and lend. See README.md.
set -eu
CDPATH='' cd -- "$(dirname -- "$0")"
: "${SEED_API_KEY:?is not set: examples/README.md says how}"
# Else bin/seed would ask the Seed of `bin/seed login`.
export SEED_API_URL="${SEED_API_URL:-http://127.0.0.1:3210}"
seed=../../bin/seed

"$seed" loans add Emma --reader Ada --days 14 || echo 'By an earlier run, perhaps: the list shows it.'
"$seed" loans list

# bin/seed follows the task, prints what happens in it, and exits with 5 where it does not complete.
"$seed" tasks run --scopes loans:read,loans:write --instruction 'Lend "Emma" to Grace, if nobody has it:
```bash
seed loans add Emma --reader Grace || true
```'
