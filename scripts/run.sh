#!/bin/sh
# Runs scripts/<name>.ts with the project's own Node 24, installing the locked packages first when they are
# missing or the lock file changed. Called by every npm script; needs only Node >= 20, npm and git.
set -eu
cd "$(dirname "$0")/.."
case "$(uname -s)/$(uname -m)" in
  Linux/x86_64) arch=x64 ;;
  Linux/aarch64) arch=arm64 ;;
  *)
    echo "Seed runs on Linux (x86-64 or arm64); this is $(uname -s)/$(uname -m). Use a Debian machine, VM or container." >&2
    exit 1
    ;;
esac
stamp=node_modules/.seed-lock
lock=$(sha256sum <package-lock.json)
if [ "$(cat "$stamp" 2>/dev/null)" != "$lock" ]; then
  echo "Installing packages (first run only, about half a minute)" >&2
  # Not npm ci: it refuses a lock file that leaves out packages of other systems, and a registry may not hold them all.
  npm install --no-save --ignore-scripts --no-fund --no-audit --loglevel=error >&2
  printf '%s' "$lock" >"$stamp"
fi
PATH="$PWD/node_modules/node-linux-$arch/bin:$PWD/node_modules/.bin:$PATH"
export PATH
# What Node has compiled is kept: every process of Seed then starts in about half the time.
export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE:-$PWD/node_modules/.cache/node}"
script=$1
shift
exec node "scripts/$script.ts" "$@"
