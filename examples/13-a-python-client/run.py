"""Uses the client: a task, followed to its end, and what a refusal looks like."""

import os
import sys

from seed import Refused, Seed

sys.stdout.reconfigure(encoding="utf-8", errors="replace")
seed = Seed(os.environ.get("SEED_API_URL", "http://127.0.0.1:3210"), os.environ.get("SEED_API_KEY", ""))

task = seed.run(
    instruction="Tell which scopes you have:\n```bash\nseed whoami --json | jq -c .key.scopes\n```",
    scopes=["keys:read"],
    timeout=60_000,
)
for event in seed.follow(task["id"]):
    if event["type"] == "status":
        print(event["seq"], event["status"], event["phase"] or "")
    if event["type"] == "tool_call":
        print(event["seq"], event["input"])
task = seed.get(task["id"])
print(f"{task['status']}: {task['stdout']}")

try:
    seed.run(instruction="x", scopes=["keys:fly"])
except Refused as refusal:
    print(f"refused: {refusal}")
