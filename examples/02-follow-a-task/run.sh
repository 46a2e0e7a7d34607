#!/bin/sh
# Starts a task without waiting, prints its events as they happen, and says how it ended. See README.md.
set -eu
CDPATH='' cd -- "$(dirname -- "$0")"
: "${SEED_API_KEY:?is not set: examples/README.md says how}"
SEED_API_URL=${SEED_API_URL:-http://127.0.0.1:3210}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

api() {
  path=$1
  shift
  printf 'header = "Authorization: Bearer %s"\n' "$SEED_API_KEY" |
    curl --config - --silent --show-error --fail-with-body --no-buffer "$@" "$SEED_API_URL/api/v1$path"
}

# With the same Idempotency-Key a post that is sent again, as here when Seed is away for a moment, starts no second
# task. Into a file, since what was answered to the tries before would stand in front of the last answer on stdout.
api /tasks/run --retry 5 --retry-connrefused --output "$work/task" --data-binary @task.json \
  --header 'Content-Type: application/json' \
  --header "Idempotency-Key: $(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')" ||
  { cat "$work/task" >&2 && exit 1; }
id=$(sed 's/^{"task":{"id":"\([^"]*\)".*/\1/' "$work/task")
echo "Task $id"

# One JSON object a line, until the task has ended. Where a stream breaks off (a server that is restarted, a proxy
# with a time limit) the next one goes on after the events that came whole.
tries=0
: >"$work/events"
while ! grep -qE '"status":"(completed|failed|timed_out|stopped)"' "$work/events"; do
  tries=$((tries + 1))
  [ "$tries" -le 20 ] || { echo "Gave up; the task may go on." >&2 && exit 1; }
  [ "$tries" -eq 1 ] || sleep 1
  seen=$(grep -c '"seq":.*}$' "$work/events" || true)
  { api "/tasks/$id/events?after=$seen" || echo; } | tee -a "$work/events"
done

api "/tasks/$id" | sed 's/^{"task":{"id":"[^"]*","status":"\([^"]*\)".*/It is \1./'
