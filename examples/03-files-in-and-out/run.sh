#!/bin/sh
# Gives a task a file, and prints the file that it leaves. See README.md.
set -eu
CDPATH='' cd -- "$(dirname -- "$0")"
: "${SEED_API_KEY:?is not set: examples/README.md says how}"
SEED_API_URL=${SEED_API_URL:-http://127.0.0.1:3210}

api() {
  path=$1
  shift
  printf 'header = "Authorization: Bearer %s"\n' "$SEED_API_KEY" |
    curl --config - --silent --show-error --fail-with-body "$@" "$SEED_API_URL/api/v1$path"
}

# A form: the part `task` is the JSON, each part `file` a file. `<` sends a file's text, `@` the file with its name.
task=$(api /tasks/run --header 'Prefer: wait=60' --form 'task=<task.json' --form 'file=@invoices.csv') ||
  { printf '%s\n' "$task" >&2 && exit 1; }
case $task in
  *'"status":"completed"'*) ;;
  *) printf 'The task did not complete: %s\n' "$task" >&2 && exit 1 ;;
esac
id=$(printf %s "$task" | sed 's/^{"task":{"id":"\([^"]*\)".*/\1/')

# What it left, and one of the files. --get makes --data-urlencode the query, whatever is in a name.
api "/tasks/$id/artifacts" | grep -o '"name":"[^"]*"'
api "/tasks/$id/artifacts/content" --get --data-urlencode name=totals.csv
