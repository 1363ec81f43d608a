"""A repository with rules of its own to try hooks in, and a mail server that only takes down what it is given."""

from __future__ import annotations

import os
import shutil
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

RULE = """\
id: {id}
title: {id} is called
category: patch
severity: {severity}
confidence: high
status: stable
since: 0.1.0
rationale: The tests call it so that something is found.
citations:
  - path: Documentation/process/submitting-patches.rst
    says: nothing about it
engine: text
text:
  added: '^\\s*({word})\\('
  message: '`$1()` is called'
help: Do not call it.
examples:
  - name: bad
    post: |
      void f(void)
      {{
          {word}();  //~ {id}
      }}
  - name: bad with an argument
    post: |
      void f(void)
      {{
          {word}(1);  //~ {id}
      }}
  - name: good
    post: |
      void f(void)
      {{
      }}
  - name: another word
    post: |
      void f(void)
      {{
          {word}_not();
      }}
"""
FAR_RULE = (
    RULE.partition("engine: text")[0]
    + """\
engine: match
match:
  pattern: "{word}(...)"
  inside: {{kind: function_definition, has: {{pattern: "far_away(...)"}}}}
  message: far_away() is called in the same function
help: Do not call both.
examples:
  - name: bad
    post: |
      void f(void)
      {{
          far_away();
          {word}();  //~ {id}
      }}
  - name: bad with an argument
    post: |
      void f(void)
      {{
          far_away();
          {word}(1);  //~ {id}
      }}
  - name: good
    post: |
      void f(void)
      {{
          {word}();
      }}
  - name: another function
    post: |
      void g(void)
      {{
          far_away();
      }}

      void f(void)
      {{
          {word}();
      }}
"""
)
ERROR, WARNING, FAR = "test-bad-call", "test-doubt-call", "test-far-call"


def write_rules(folder: Path) -> Path:
    """Rules: an error on bad_call(), a warning on doubt_call(), an error that takes a whole function to see."""
    (folder / "patch").mkdir(parents=True)
    for id, severity, word in ((ERROR, "error", "bad_call"), (WARNING, "warning", "doubt_call")):
        (folder / "patch" / f"{id}.yaml").write_text(RULE.format(id=id, severity=severity, word=word))
    far = FAR_RULE.format(id=FAR, severity="error", word="far_call")
    (folder / "patch" / f"{FAR}.yaml").write_text(far)
    return folder


@dataclass
class Ground:
    """A repository, and the environment that everything in it is run with."""

    top: Path
    env: dict[str, str]

    def run(self, *command: str, check: bool = True, **more: object) -> subprocess.CompletedProcess[str]:
        """Run a command in the repository; nothing of the terminal or the user reaches it."""
        done = subprocess.run(
            command,
            cwd=more.pop("cwd", self.top),  # type: ignore[call-overload]  # paths only
            env={**self.env, **more.pop("env", {})},  # type: ignore[dict-item]  # texts only
            input=more.pop("input", ""),
            capture_output=True,
            text=True,
            timeout=120,
            start_new_session=True,  # no /dev/tty: a person at the tests is not asked
        )
        assert not more
        assert not check or done.returncode == 0, done.stderr
        return done

    def git(self, *arguments: str, **more: object) -> subprocess.CompletedProcess[str]:
        return self.run("git", *arguments, **more)  # type: ignore[arg-type]  # as above

    def hunklint(self, *arguments: str, **more: object) -> subprocess.CompletedProcess[str]:
        return self.run(sys.executable, "-P", "-m", "linter.cli.main", *arguments, **more)  # type: ignore[arg-type]

    def write(self, *calls: str, name: str = "part.c") -> None:
        """A C file with a function that calls these, staged."""
        body = "".join(f"\t{call}();\n" for call in calls)
        (self.top / name).write_text(f"void part(void)\n{{\n{body}}}\n")
        self.git("add", name)

    def commit(self, *calls: str, subject: str = "misc: part: Call it", **more: object) -> None:
        """A commit of such a file, made without hooks."""
        self.write(*calls)
        self.git("commit", "-q", "--no-verify", "-s", "-m", subject, "-m", "The part needs it to start.", **more)

    def config(self, text: str) -> None:
        """The configuration of hunklint for this repository."""
        rules = self.top.parent / "rules"
        (self.top / ".git" / "info" / "exclude").write_text(".hunklint.toml\n*.patch\n")
        (self.top / ".hunklint.toml").write_text(f'rules = ["{rules}"]\n{text}\n')


def make_ground(folder: Path, cache: Path) -> Ground:
    """A repository with one commit below `folder`; `cache` keeps the compiled rules from test to test."""
    write_rules(folder / "rules")
    top = folder / "repo"
    top.mkdir()
    home = folder / "home"
    home.mkdir()
    env = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "XDG_", "HUNKLINT"))}
    env |= {"HOME": str(home), "XDG_CACHE_HOME": str(cache), "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C", "TERM": "dumb"}
    env |= {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    ground = Ground(top, env)
    ground.git("init", "-q", "-b", "main", ".")
    for key, value in (("user.name", "Ann Author"), ("user.email", "ann@example.org")):
        ground.git("config", key, value)
    ground.config(f'rule = ["{ERROR}", "{WARNING}"]')
    ground.commit("start", subject="misc: part: Start")
    return ground


def installed(name: str) -> str | None:
    """A program beside this interpreter, else in PATH."""
    return shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)


def has_send_email() -> bool:
    """Whether the real `git send-email` is installed."""
    git = shutil.which("git")
    if git is None:
        return False
    where = subprocess.run([git, "--exec-path"], capture_output=True, text=True).stdout.strip()
    return Path(where, "git-send-email").exists()


@dataclass
class Sink:
    """What was delivered."""

    port: int = 0
    mails: list[str] = field(default_factory=list)
    greeted: int = 0

    @property
    def subjects(self) -> list[str]:
        rows = [row for mail in self.mails for row in mail.splitlines() if row.startswith("Subject: ")]
        return [row.removeprefix("Subject: ") for row in rows]


@contextmanager
def mail_server() -> Iterator[Sink]:
    """An SMTP server on 127.0.0.1 that accepts everything and sends nothing on (RFC 5321, the least of it)."""
    sink = Sink()

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            sink.greeted += 1
            self.wfile.write(b"220 sink\r\n")
            for raw in self.rfile:
                verb = raw.strip().upper().split(b" ")[0]
                if verb == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    lines = list(iter(lambda: self.rfile.readline().rstrip(b"\r\n"), b"."))
                    sink.mails.append(b"\n".join(lines).decode("utf-8", "replace"))
                elif verb == b"QUIT":
                    self.wfile.write(b"221 bye\r\n")
                    return
                self.wfile.write(b"250 ok\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session) as server:
        server.daemon_threads = True
        sink.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield sink
        finally:
            server.shutdown()
