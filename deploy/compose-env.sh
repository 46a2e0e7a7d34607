#!/bin/sh
# Prints new secrets for deploy/compose.yaml: sh deploy/compose-env.sh > deploy/.env, once, and keep that file to yourself.
set -eu
umask 077
hex() { od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'; }
cat <<END
POSTGRES_PASSWORD=$(hex 24)
SEED_RUNNER_TOKEN=$(hex 32)
SEED_SECRETS_KEY=$(hex 32)
# The key of a service of models, or SEED_LLM_BASE_URL and what docs/models.md lists; without one: scripted answers.
OPENROUTER_API_KEY=
END
