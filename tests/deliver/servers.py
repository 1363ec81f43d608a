"""Servers on 127.0.0.1 that behave as the API documentation of GitLab, GitHub, Gitea and Patchwork says."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from unidiff import PatchSet

SECRET = "s3cret-t0ken"
PAGE = 2  # entries a page: everything has to be asked for page by page


class Answer(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class Server:
    """Routes by pattern; `faults` are answered first: (status, headers, text)."""

    prefix = ""
    token = ("", "")  # header and value

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, Any]] = []
        self.faults: list[tuple[int, dict[str, str], str]] = []
        self.url = ""
        self.ids = iter(range(1, 1000))

    @property
    def writes(self) -> list[tuple[str, str, Any]]:
        return [one for one in self.requests if one[0] != "GET"]

    def routes(self) -> dict[str, Any]:
        raise NotImplementedError

    def answer(self, method: str, path: str, body: Any) -> Any:
        for pattern, function in self.routes().items():
            match = re.fullmatch(pattern, f"{method} {path}")
            if match:
                return function(body, *match.groups())
        raise Answer(404, f"no such place: {method} {path}")


class Diffed(Server):
    """A forge: it knows which lines it shows."""

    head = base = ""

    def show(self, base: str, head: str, diff: str) -> None:
        self.base, self.head = base, head
        self.lines: dict[tuple[str, str, int], str] = {}
        for file in PatchSet(diff):
            for line in (line for hunk in file for line in hunk):
                if line.target_line_no:
                    self.lines["new", file.path, line.target_line_no] = line.value
                if line.source_line_no:
                    self.lines["old", file.source_file.removeprefix("a/"), line.source_line_no] = line.value


class GitLab(Diffed):
    prefix = "/api/v4"
    token = ("PRIVATE-TOKEN", SECRET)

    def __init__(self) -> None:
        super().__init__()
        self.discussions: list[dict[str, Any]] = []
        self.plain: list[dict[str, Any]] = []

    def note(self, body: str, author: int = 7, **more: Any) -> dict[str, Any]:
        return {"id": next(self.ids), "body": body, "author": {"id": author}, "system": False, **more}

    def discuss(self, body: str, author: int = 7) -> dict[str, Any]:
        made = {"id": f"d{next(self.ids)}", "notes": [self.note(body, author, resolved=False)]}
        self.discussions.append(made)
        return made

    def create(self, body: Any) -> Any:
        position = body["position"]
        shas = (position["base_sha"], position["start_sha"], position["head_sha"])
        side = "new" if "new_line" in position else "old"
        place = (side, position[f"{side}_path"], position[f"{side}_line"])
        if shas != (self.base, self.base, self.head) or place not in self.lines:
            raise Answer(400, "Note {:line_code=>[can't be blank]}")
        return self.discuss(body["body"])

    def change_note(self, body: Any, id: str) -> Any:
        every = [note for one in self.discussions for note in one["notes"]] + self.plain
        note = next(note for note in every if note["id"] == int(id))
        note.update(body)
        return note

    def resolve(self, body: Any, id: str) -> Any:
        found = next(one for one in self.discussions if one["id"] == id)
        found["notes"][0]["resolved"] = body["resolved"]
        return found

    def add_note(self, body: Any) -> Any:
        self.plain.append(self.note(body["body"]))
        return self.plain[-1]

    def routes(self) -> dict[str, Any]:
        top = "/projects/group%2Fpart/merge_requests/5"
        refs = {"base_sha": self.base, "start_sha": self.base, "head_sha": self.head}
        return {
            "GET /user": lambda body: {"id": 7},
            f"GET {top}": lambda body: {"diff_refs": refs},
            f"GET {top}/discussions": lambda body: self.discussions,
            f"POST {top}/discussions": self.create,
            rf"PUT {top}/discussions/(\w+)": self.resolve,
            rf"PUT {top}/discussions/\w+/notes/(\d+)": self.change_note,
            f"GET {top}/notes": lambda body: [n for d in self.discussions for n in d["notes"]] + self.plain,
            f"POST {top}/notes": self.add_note,
            rf"PUT {top}/notes/(\d+)": self.change_note,
        }

    def state(self) -> tuple[dict[str, bool], list[str]]:
        """Our threads (body: resolved), and the summaries."""
        threads = {one["notes"][0]["body"]: one["notes"][0]["resolved"] for one in self.discussions}
        return threads, [note["body"] for note in self.plain]


class GitHub(Diffed):
    token = ("Authorization", f"Bearer {SECRET}")
    user = "github-actions[bot]"

    def __init__(self) -> None:
        super().__init__()
        self.comments: list[dict[str, Any]] = []
        self.plain: list[dict[str, Any]] = []
        self.resolved: set[str] = set()
        self.graphql_allowed = True

    def comment(self, body: str, user: str | None = None, line: int | None = 1, **more: Any) -> dict[str, Any]:
        made = {"id": next(self.ids), "body": body, "user": {"login": user or self.user}, "line": line, **more}
        self.comments.append(made)
        return made

    def check(self, row: dict[str, Any]) -> None:
        side = {"RIGHT": "new", "LEFT": "old"}[row["side"]]
        if (side, row["path"], row["line"]) not in self.lines:
            raise Answer(422, "pull_request_review_thread.line must be part of the diff")

    def review(self, body: Any) -> Any:
        assert body["event"] == "COMMENT"
        assert body["body"]
        if body["commit_id"] != self.head:
            raise Answer(422, "commit_id is not part of the pull request")
        for row in body["comments"]:
            self.check(row)
        for row in body["comments"]:
            self.comment(row["body"], line=row["line"])
        return {"id": next(self.ids)}

    def single(self, body: Any) -> Any:
        self.check(body)
        return self.comment(body["body"], line=body["line"])

    def edit(self, body: Any, id: str) -> Any:
        found = next(one for one in [*self.comments, *self.plain] if one["id"] == int(id))
        found.update(body)
        return found

    def add_plain(self, body: Any) -> Any:
        self.plain.append({"id": next(self.ids), "body": body["body"], "user": {"login": self.user}})
        return self.plain[-1]

    def graphql(self, body: Any) -> Any:
        if not self.graphql_allowed:
            raise Answer(403, "Resource not accessible by integration")
        if "resolveReviewThread" in body["query"]:
            self.resolved.add(body["variables"]["id"])
            return {"data": {}}
        nodes = [{"id": f"T{c['id']}", "comments": {"nodes": [{"databaseId": c["id"]}]}} for c in self.comments]
        start = int(body["variables"]["after"] or 0)
        page = {"hasNextPage": start + PAGE < len(nodes), "endCursor": str(start + PAGE)}
        threads = {"pageInfo": page, "nodes": nodes[start : start + PAGE]}
        return {"data": {"repository": {"pullRequest": {"reviewThreads": threads}}}}

    def who(self, body: Any) -> Any:
        raise Answer(403, "Resource not accessible by integration")

    def routes(self) -> dict[str, Any]:
        top = "/repos/group/part"
        return {
            "GET /user": self.who,
            f"GET {top}/pulls/5": lambda body: {"head": {"sha": self.head}, "base": {"sha": self.base}},
            f"GET {top}/pulls/5/comments": lambda body: self.comments,
            f"POST {top}/pulls/5/comments": self.single,
            f"POST {top}/pulls/5/reviews": self.review,
            rf"PATCH {top}/pulls/comments/(\d+)": self.edit,
            f"GET {top}/issues/5/comments": lambda body: self.plain,
            f"POST {top}/issues/5/comments": self.add_plain,
            rf"PATCH {top}/issues/comments/(\d+)": self.edit,
            "POST /graphql": self.graphql,
        }

    def state(self) -> tuple[dict[str, bool], list[str]]:
        threads = {one["body"]: f"T{one['id']}" in self.resolved for one in self.comments}
        return threads, [one["body"] for one in self.plain]


class Gitea(Diffed):
    prefix = "/api/v1"
    token = ("Authorization", f"token {SECRET}")

    def __init__(self) -> None:
        super().__init__()
        self.reviews: list[dict[str, Any]] = []
        self.comments: dict[int, list[dict[str, Any]]] = {}
        self.plain: list[dict[str, Any]] = []

    def review(self, body: Any) -> Any:
        assert body["event"] == "COMMENT"
        for row in body["comments"]:
            side, line = ("new", row["new_position"]) if row["new_position"] else ("old", row["old_position"])
            if (side, row["path"], line) not in self.lines:
                raise Answer(422, "line is not part of the diff")
        made = {"id": next(self.ids), "user": {"id": 7}}
        self.reviews.append(made)
        self.comments[made["id"]] = [
            {"id": next(self.ids), "body": row["body"], "user": {"id": 7}, "position": row["new_position"],
             "original_position": row["old_position"], "resolver": None}
            for row in body["comments"]
        ]  # fmt: skip
        return made

    def edit(self, body: Any, id: str) -> Any:
        every = [one for rows in self.comments.values() for one in rows] + self.plain
        found = next(one for one in every if one["id"] == int(id))
        found.update(body)
        return found

    def add_plain(self, body: Any) -> Any:
        self.plain.append({"id": next(self.ids), "body": body["body"], "user": {"id": 7}})
        return self.plain[-1]

    def routes(self) -> dict[str, Any]:
        top = "/repos/group/part"
        return {
            "GET /user": lambda body: {"id": 7},
            f"GET {top}/pulls/5": lambda body: {"head": {"sha": self.head}, "base": {"sha": self.base}},
            f"GET {top}/pulls/5/reviews": lambda body: self.reviews,
            rf"GET {top}/pulls/5/reviews/(\d+)/comments": lambda body, id: self.comments[int(id)],
            f"POST {top}/pulls/5/reviews": self.review,
            f"GET {top}/issues/5/comments": lambda body: self.plain,
            f"POST {top}/issues/5/comments": self.add_plain,
            rf"PATCH {top}/issues/comments/(\d+)": self.edit,
        }

    def state(self) -> tuple[dict[str, bool], list[str]]:
        threads = {one["body"]: False for rows in self.comments.values() for one in rows}
        return threads, [one["body"] for one in self.plain]


class Patchwork(Server):
    prefix = "/api"
    token = ("Authorization", f"Token {SECRET}")

    def __init__(self, *message_ids: str) -> None:
        super().__init__()
        self.patches = {100 + at: message_id for at, message_id in enumerate(message_ids)}
        self.checks: dict[int, list[dict[str, Any]]] = {number: [] for number in self.patches}
        self.query: dict[str, list[str]] = {}

    def find(self, body: Any) -> Any:
        wanted = self.query["msgid"][0]
        assert self.query["archived"] == ["false"]
        return [{"id": number, "msgid": f"<{id}>"} for number, id in self.patches.items() if id == wanted]

    def post(self, body: Any, number: str) -> Any:
        if body["state"] not in ("pending", "success", "warning", "fail"):
            raise Answer(400, '{"state": ["not a valid choice"]}')
        if not re.fullmatch(r"[-a-zA-Z0-9_]{1,255}", body["context"]):
            raise Answer(400, '{"context": ["not a valid slug"]}')
        made = {"id": next(self.ids), **body}
        self.checks[int(number)].append(made)
        return made

    def routes(self) -> dict[str, Any]:
        return {
            "GET /patches/": self.find,
            r"GET /patches/(\d+)/checks/": lambda body, number: self.checks[int(number)],
            r"POST /patches/(\d+)/checks/": self.post,
        }


@contextmanager
def serve(server: Server) -> Iterator[None]:
    """Answer on 127.0.0.1 until the test is over."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *words: object) -> None: ...

        def reply(self, status: int, content: Any, headers: dict[str, str]) -> None:
            raw = content.encode() if isinstance(content, str) else json.dumps(content).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(raw))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(raw)

        def handle_any(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.loads(raw) if raw else None
            parts = urlsplit(self.path)
            server.requests.append((self.command, self.path, body))
            if server.faults:
                self.reply(server.faults[0][0], server.faults[0][2], server.faults.pop(0)[1])
                return
            name, value = server.token
            if self.headers.get(name) != value:
                # a careless server: it says the token back
                self.reply(401, {"message": f"401 bad token {self.headers.get(name)}"}, {})
                return
            query = parse_qs(parts.query)
            if isinstance(server, Patchwork):
                server.query = query
            try:
                found = server.answer(self.command, parts.path.removeprefix(server.prefix), body)
            except Answer as error:
                self.reply(error.status, {"message": error.message}, {})
                return
            headers = {}
            if isinstance(found, list):
                page = int(query.get("page", ["1"])[0])
                if page * PAGE < len(found):
                    headers["Link"] = (
                        f'<{server.url}{parts.path.removeprefix(server.prefix)}?page={page + 1}>; rel="next"'
                    )
                found = found[(page - 1) * PAGE : page * PAGE]
            self.reply(201 if self.command == "POST" else 200, found, headers)

        do_GET = do_POST = do_PUT = do_PATCH = handle_any

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        listener.daemon_threads = True
        server.url = f"http://127.0.0.1:{listener.server_address[1]}{server.prefix}"
        threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield
        finally:
            listener.shutdown()
