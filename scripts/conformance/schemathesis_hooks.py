"""What JSON Schema cannot say of a request, for the tool that makes requests from it: which things there are, which
values belong together, and which keys it calls with. Used by schemathesis.ts; what is to be refused stays as it is."""
import os
import uuid

import schemathesis

OWN_KEYS = os.environ["SCHEMATHESIS_OWN_KEYS"].split(",")

# By the name of a field: a value that there is. Other texts of the same form are refused as unknown, which is right.
KNOWN = {
    "model": "scripted",
    "models": ["scripted"],
    "allowedModels": ["scripted"],
    "scopes": ["keys:read"],
    "approvesScopes": ["keys:write"],
    "allowedCidrs": ["127.0.0.1/32"],
    "events": ["task.completed"],
    "limits": [{"scope": "keys:read", "calls": 5}],
    "credentials": {},
    # Its texts may be anything but what no database keeps.
    "metadata": {"team": "a"},
    "files": [],
    "uploads": [],
    "rows": [{"customer": "Ada"}],
    "output": {"schema": {"type": "object"}},
    "cron": "0 7 * * *",
    "timezone": "UTC",
    "resources": {"vcpus": 1, "memoryMb": 512},
    "jitter": "1m",
    "url": "https://example.com/hooks",
    "webhookUrl": "https://example.com/hooks",
    "expiresAt": "2099-01-01T00:00:00Z",
}
# `input` is an object as JSON text, which the tool would spread over names of its own.
KNOWN_IN_QUERY = {"input": "{}", "type": "task.completed", "name": "report.csv", "command": "keys list"}


@schemathesis.hook
def before_call(context, case, kwargs):
    path = case.path_parameters or {}
    if path.get("id") in OWN_KEYS or path.get("id") == "None":
        # With a key that it has revoked it would be refused everything, and look at nothing any more. And of an
        # answer's field that is null it makes an id.
        path["id"] = str(uuid.uuid4())
    # An answer that is held for a minute, or given later, is for tests of their own.
    if case.headers:
        case.headers.pop("Prefer", None)
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    body = case.body
    if isinstance(body, dict) and "/schedules" in case.path:
        mend_schedule(body)
    if isinstance(body, dict):
        shorten(body)
        mend(body)
        if isinstance(body.get("task"), dict):
            mend(body["task"])
        # Parts for files, which the tool gives one name.
        body.pop("file", None)
    if "/check/" in case.path:
        path["command"] = "keys list"
    mend_query(case)


# Of a text, so that a body of many stays within the bytes that are taken of one as a whole.
LONGEST = 2_000


def shorten(value):
    for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(inner, str) and len(inner) > LONGEST:
            value[name] = inner[:LONGEST]
        elif isinstance(inner, (dict, list)):
            shorten(inner)


def mend(body):
    for name in KNOWN.keys() & body.keys():
        if body[name] is not None:
            body[name] = KNOWN[name]
    # Which parameters there are is for the template to say, and what it says has rules of its own.
    body.pop("parameters", None)


def mend_schedule(body):
    """It starts by a pattern or once, at a time to come, and its command is there with what that takes."""
    body.pop("runAt", None)
    if "name" in body:
        body["cron"] = KNOWN["cron"]
    if "command" in body:
        body["command"] = "obs costs"
        body["input"] = {}
        body.pop("task", None)
        # A call is over before it could be stopped.
        body.pop("overlap", None)
    elif "input" in body:
        del body["input"]


def mend_query(case):
    query = case.query
    if not query:
        return
    for name in KNOWN_IN_QUERY.keys() & query.keys():
        query[name] = KNOWN_IN_QUERY[name]
    if "/obs/" in case.path:
        if "until" in query:
            # One moment lies before another.
            query.pop("since", None)
        if "month" in query:
            query.pop("since", None)
            query.pop("until", None)
    if "/check/" in case.path:
        # An object as JSON text, which the tool spreads over names of its own.
        query.clear()
    if case.path == "/api/v1/commands" and "cursor" in query:
        # That of a page of the same list.
        query.clear()
        query.update({"limit": 1, "cursor": "keys list"})
