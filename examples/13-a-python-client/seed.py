"""A client of Seed's API on the standard library alone: calls that are safe to repeat, and events that lose nothing.

Copy it. Python 3.9 or later.
"""

import http.client
import json
import time
import urllib.error
import urllib.request
import uuid

TRIES = 5
ENDED = {"completed", "failed", "timed_out", "stopped"}
# Seed's own 503, and what a proxy says in its place; and what a connection that is not made, or breaks off, is here.
AWAY = {502, 503, 504}
BROKEN = (OSError, http.client.HTTPException)


class Refused(Exception):
    """What Seed has refused: `code` is one of docs/errors.md."""

    def __init__(self, status, error):
        super().__init__(f"{status} {error['code']}: {error['message']} {error.get('hint') or ''}")
        self.status, self.code = status, error["code"]


class Seed:
    def __init__(self, url, key):
        self.url, self.key = url, key

    def open(self, method, path, body=None, accept="application/json"):
        """While Seed is away it is sent again, under one Idempotency-Key: whatever comes of it is done once."""
        headers = {
            "Accept": accept,
            "Authorization": f"Bearer {self.key}",
            "Content-Type": "application/json",
            "Idempotency-Key": str(uuid.uuid4()),
        }
        data = None if body is None else json.dumps(body).encode()
        for attempt in range(1, TRIES + 1):
            request = urllib.request.Request(f"{self.url}/api/v1{path}", data, headers, method=method)
            try:
                return urllib.request.urlopen(request, timeout=90)
            except urllib.error.HTTPError as refusal:
                if refusal.code not in AWAY or attempt == TRIES:
                    raise Refused(refusal.code, json.load(refusal)["error"]) from None
            except BROKEN:
                if attempt == TRIES:
                    raise
            time.sleep(attempt * 0.5)

    def call(self, method, path, body=None):
        with self.open(method, path, body) as answer:
            return json.load(answer)

    def run(self, **task):
        return self.call("POST", "/tasks/run", task)["task"]

    def get(self, task_id):
        return self.call("GET", f"/tasks/{task_id}")["task"]

    def follow(self, task_id):
        """Every event of the task, each once, until it has ended; a stream that breaks off is taken up where it was."""
        after = tries = 0
        while tries < TRIES:
            tries += 1
            try:
                # As server-sent events, since these have a sign of life every 15 seconds.
                path = f"/tasks/{task_id}/events?after={after}"
                with self.open("GET", path, accept="text/event-stream") as lines:
                    for line in lines:
                        if not (line.startswith(b'data: {"') and line.endswith(b"\n")):
                            continue
                        event = json.loads(line[len("data: ") :])
                        after, tries = event["seq"], 0
                        yield event
                        if event["type"] == "status" and event["status"] in ENDED:
                            return
            except BROKEN:
                pass
            time.sleep(0.5)
        raise ConnectionError(f"the events of task {task_id} break off again and again")
