#!/bin/sh
# Hands a task over from a CI job: hand-over.sh <task.json> <folder for artifacts> [file…]
# Follows it, fetches what it left into out/ there, and exits with its exit code, or 5 where it has none.
set -eu
: "${SEED_API_URL:?is not set}" "${SEED_API_KEY:?is not set; jobs of a fork get no secrets}"
[ $# -ge 2 ] || { sed -n 's/^# //p' "$0" >&2 && exit 2; }
body=$1 folder=$2
shift 2

api() {
  path=$1
  shift
  printf 'header = "Authorization: Bearer %s"\n' "$SEED_API_KEY" |
    curl --config - --silent --show-error --fail-with-body --no-buffer "$@" "$SEED_API_URL/api/v1$path"
}
# Of the task: 1 its id, 2 its status, 3 its exit code.
field() {
  sed "s/^{\"task\":{\"id\":\"\([^\"]*\)\",\"status\":\"\([^\"]*\)\".*,\"exitCode\":\([^,]*\),\"inputTokens\".*/\\$1/" "$folder/task.json"
}

mkdir -p "$folder"
for file in "$@"; do
  shift
  set -- "$@" --form "file=@\"$file\""
done
# A step that is tried again finds the task of its first try; a job that is run again starts another.
run=${CI_JOB_ID:-${GITHUB_RUN_ID:-$$.$(date +%s)}.${GITHUB_RUN_ATTEMPT:-1}.${GITHUB_JOB:-}}
key=ci.$run.$(cksum <"$body" | tr ' ' .)
# Into a file: on stdout the answers to the tries before would stand in front of it.
api /tasks/run --retry 5 --retry-connrefused --output "$folder/task.json" \
  --header "Idempotency-Key: $key" --form "task=<$body" "$@" || { cat "$folder/task.json" >&2 && exit 1; }
id=$(field 1)
echo "Task $id"
# A job that is cancelled takes its task along.
trap 'api "/tasks/$id/stop" --request POST >/dev/null; exit 130' INT TERM

# Events are lines of JSON, so nothing that an agent prints begins a line of the log, where a CI system could take it
# for a command of its own (::add-mask::, ##vso[…]). In the background, since a shell that waits hears of signals.
events=$folder/events.ndjson
pause=0
: >"$events"
until grep -qE '"status":"(completed|failed|timed_out|stopped)"' "$events"; do
  sleep "$pause" & wait $!
  pause=1
  seen=$(grep -c '"seq":.*}$' "$events" || true)
  { api "/tasks/$id/events?after=$seen" || echo; } | tee -a "$events" & wait $! || true
  api "/tasks/$id" --retry 5 --retry-connrefused --output "$folder/task.json"
done

# The server lets no name leave the folder; what a program does with names of others, it checks itself all the same.
api "/tasks/$id/artifacts" | grep -o '"name":"[^"\]*"' | sed 's/^"name":"//; s/"$//' | while IFS= read -r name; do
  case /$name/ in */../* | //*) continue ;; esac
  file=$folder/out/$name
  mkdir -p "$(dirname "$file")"
  api "/tasks/$id/artifacts/content" --get --data-urlencode "name=$name" --output "$file"
done
code=$(field 3)
echo "The task is $(field 2)."
[ "$code" != null ] || code=5
exit "$code"
