"""Servers on this machine that behave like the hosts of published weights."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

QUOTA = (
    "<html><body><p class='uc-error-caption'>Sorry</p>\n"
    '<p class="uc-error-subcaption">Too many users have viewed or downloaded this file recently.'
    "</p></body></html>"
)
LOGIN = "<html><title>Sign in - Google Accounts</title><body>Sign in</body></html>"
CONFIRM = (
    "<html><body>Google Drive can't scan this file for viruses.\n"
    '<form id="download-form" action="https://drive.usercontent.google.com/download" method="get">'
    '<input type="hidden" name="id" value="big"><input type="hidden" name="confirm" value="t">'
    "</form></body></html>"
)
DRIVE = ("drive.google.com", "drive.usercontent.google.com")


@dataclass
class Here:
    """A server and what it was asked.

    Attributes:
        content: bytes of the good file.
        cut: how many more answers break in the middle.
        asked: path and Range header of each request.
    """

    content: bytes
    cut: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)
    address: str = ""


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers by the path; see `routes`."""

    here: Here
    protocol_version = "HTTP/1.1"

    def log_message(self, *unused: object) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        """As GET, without a body."""
        self.do_GET(body=False)

    def do_GET(self, body: bool = True) -> None:
        """Answer by the path."""
        split = urlsplit(self.path)
        self.here.asked.append((self.path, self.headers.get("Range", "")))
        if split.path == "/uc":
            return self.drive(parse_qs(split.query)["id"][0])
        name = split.path.rpartition("/")[2]
        known: dict[str, Callable[[], None]] = {
            "login": lambda: self.page(LOGIN, 403),
            "unknown": lambda: self.page(LOGIN, 401),
            "busy": lambda: self.page(QUOTA, 429),
            "quota": lambda: self.page(QUOTA),
            "moved": lambda: self.moved(f"{self.here.address}/file"),
            "trap": lambda: self.moved("file:///etc/passwd"),
            "gone": lambda: self.page("gone", 404),
            "gated": lambda: self.page("accept the terms", 403, "GatedRepo"),
        }
        if name in known:
            return known[name]()
        return self.file(body, cut=self.here.cut > 0)

    def drive(self, identity: str) -> None:
        """What Google Drive answers to ``/uc?id=``."""
        pages = {"quota": QUOTA, "login": LOGIN, "big": CONFIRM}
        if identity in pages:
            return self.page(pages[identity])
        if identity == "trap":
            return self.moved("file:///etc/passwd")
        return self.file(cut=self.here.cut > 0)

    def moved(self, where: str) -> None:
        """Redirect."""
        self.send_response(302)
        self.send_header("Location", where)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def page(self, text: str, status: int = 200, code: str = "") -> None:
        """Send HTML; ``code`` is how Hugging Face names an error."""
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text.encode())

    def file(self, body: bool = True, cut: bool = False) -> None:
        """Send the good file or the asked part of it, perhaps only half of that."""
        content, total = self.here.content, len(self.here.content)
        start = int((self.headers.get("Range") or "bytes=0-")[6:].split("-")[0])
        if start >= total:
            return self.page("", 416)
        self.send_response(206 if start else 200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Disposition", 'attachment; filename="file.pth"')
        self.send_header("Content-Length", str(total - start))
        self.send_header("ETag", '"0123456789abcdef"')
        self.send_header("X-Repo-Commit", "a" * 40)
        self.send_header("Accept-Ranges", "bytes")
        if start:
            self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        self.end_headers()
        if body and cut:
            self.here.cut -= 1
            self.wfile.write(content[start : start + (total - start) // 2])
            self.wfile.flush()
            self.close_connection = True
        elif body:
            self.wfile.write(content[start:])
        return None


@contextmanager
def serving(content: bytes) -> Iterator[Here]:
    """A server whose good file has this content."""
    here = Here(content)
    handler = type("Bound", (Handler,), {"here": here})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    here.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=lambda: server.serve_forever(0.02), daemon=True).start()
    try:
        yield here
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def drive_at(here: Here) -> Iterator[None]:
    """Within the context, requests to Google Drive go to a server on this machine."""
    import requests

    original = requests.Session.send

    def send(session: Any, request: Any, **options: Any) -> Any:
        split = urlsplit(request.url)
        if split.netloc in DRIVE:
            request.url = split._replace(scheme="http", netloc=here.address[7:]).geturl()
        return original(session, request, **options)

    requests.Session.send = send  # type: ignore[method-assign]
    try:
        yield
    finally:
        requests.Session.send = original  # type: ignore[method-assign]
