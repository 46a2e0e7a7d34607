#!/bin/sh
# Posts the task of task.json and prints how it ended. See README.md.
set -eu
CDPATH='' cd -- "$(dirname -- "$0")"
: "${SEED_API_KEY:?is not set: examples/README.md says how}"
SEED_API_URL=${SEED_API_URL:-http://127.0.0.1:3210}

# The key comes by stdin: what stands in the arguments, everybody on this machine can read (ps).
printf 'header = "Authorization: Bearer %s"\n' "$SEED_API_KEY" |
  curl --config - --silent --show-error --fail-with-body \
    --header 'Content-Type: application/json' \
    --header 'Prefer: wait=60' \
    --data-binary @task.json \
    "$SEED_API_URL/api/v1/tasks/run"
echo
