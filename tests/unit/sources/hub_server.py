"""A server on loopback that speaks the part of the Hub's interface that downloads need, with faults to order.

    with serve(folder) as hub:
        hub.faults.append(Fault("/resolve/", method="GET", status=500, times=2))
        ...                                     # a client of hub.endpoint
        assert [request.path for request in hub.requests] == [...]

The folder holds `<org>/<name>/...` (datasets) and `models/<org>/<name>/...`. Like the real Hub, it answers files that
belong in Git LFS with a redirect to another host, here `localhost`, where only their bytes are.
"""

import hashlib
import json
import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

IN_GIT = {".md", ".py", ".json", ".txt", ".yaml", ""}
"""Suffixes of files that are in git itself; the others are in Git LFS."""


@dataclass
class Fault:
    """What goes wrong with requests whose path contains `path`.

    Attributes:
        path: part of the path, percent-encoded as it is requested.
        method: HEAD or GET; empty for both.
        status: answer with this status and no content.
        headers: headers of the answer besides.
        content: send this body instead, while size and hash stay those of the true one where they are told.
        cut: close the connection after so many bytes of the body, whatever Content-Length promised.
        reset: with `cut`, by a reset instead of an orderly end.
        times: how many requests; None for all.
    """

    path: str = ""
    method: str = ""
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    cut: int | None = None
    reset: bool = False
    times: int | None = None

    def strikes(self, method: str, path: str) -> bool:
        """Whether the fault befalls a request; counts it if so."""
        if self.path not in path or self.method not in ("", method) or self.times == 0:
            return False
        self.times = None if self.times is None else self.times - 1
        return True


@dataclass(frozen=True)
class Request:
    """A request that came in; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Content:
    """The bytes of one file."""

    data: bytes
    in_lfs: bool

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @cached_property
    def blob_id(self) -> str:
        return hashlib.sha1(b"blob %d\0" % len(self.data) + self.data).hexdigest()


@dataclass
class Repository:
    """The files of every commit, and the commit of every branch."""

    commits: dict[str, dict[str, Content]] = field(default_factory=dict)
    revisions: dict[str, str] = field(default_factory=dict)


class Hub:
    """The state of a server: repositories by kind and name, faults, and the requests so far."""

    def __init__(self, folder: Path, port: int) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"
        self.storage = f"http://localhost:{port}/storage/"
        self.faults: list[Fault] = []
        self.requests: list[Request] = []
        self.repositories: dict[tuple[str, str], Repository] = {}
        for kind, root in (("dataset", folder), ("model", folder / "models")):
            for path in sorted(root.glob("*/*")):
                if path.is_dir() and not (kind == "dataset" and path.parent == folder / "models"):
                    files = {file.relative_to(path).as_posix(): file for file in path.rglob("*") if file.is_file()}
                    contents = {name: file.read_bytes() for name, file in files.items()}
                    self.commit(path.relative_to(root).as_posix(), contents, kind=kind)

    def commit(
        self, name: str, changes: Mapping[str, bytes | None], *, revision: str = "main", kind: str = "dataset"
    ) -> str:
        """Commit changed files (None: removed) to a branch, which may be new, and return the commit."""
        repository = self.repositories.setdefault((kind, name), Repository())
        files = dict(repository.commits.get(repository.revisions.get(revision, ""), {}))
        for path, data in changes.items():
            if data is None:
                del files[path]
            else:
                files[path] = Content(data, in_lfs=Path(path).suffix not in IN_GIT)
        listing = "\n".join(f"{path} {content.sha256}" for path, content in sorted(files.items()))
        commit = hashlib.sha1(listing.encode()).hexdigest()
        repository.commits[commit] = files
        repository.revisions[revision] = commit
        return commit

    def seen(self, part: str = "", method: str = "") -> list[Request]:
        """Return the requests whose path contains `part`."""
        return [r for r in self.requests if part in r.path and method in ("", r.method)]


@contextmanager
def serve(folder: Path) -> Iterator[Hub]:
    """Serve the repositories under a folder on a free port of loopback."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.hub = Hub(folder, server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.hub
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    hub: Hub

    def handle_error(self, request: object, client_address: object) -> None:
        """Keep quiet about clients that go away."""


class _NotFoundError(Exception):
    """Status, and the Hub's code for what is missing."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.hub = self.server.hub
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.hub.requests.append(Request(self.command, self.path, headers))
        self.fault = next((f for f in self.hub.faults if f.strikes(self.command, self.path)), Fault())
        if self.fault.status is not None:
            self._send(self.fault.status, b"")
            return
        parts = [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]
        try:
            if parts[0] == "storage":
                self._send_bytes(self._stored(parts[1]).data, {})
            elif parts[0] == "api":
                self._send_description(parts[1].removesuffix("s"), "/".join(parts[2:4]), parts[4:])
            else:
                kind = "dataset" if parts[0] == "datasets" else "model"
                start = 1 if kind == "dataset" else 0
                name, (_, revision, *path) = "/".join(parts[start : start + 2]), parts[start + 2 :]
                self._send_file(kind, name, revision, "/".join(path))
        except _NotFoundError as missing:
            status, code = missing.args
            self._send(status, b"", {"X-Error-Code": code, "X-Error-Message": f"{code}: {self.path}"})

    def _find(self, kind: str, name: str, revision: str) -> tuple[str, dict[str, Content]]:
        """Return commit and files; the Hub tells strangers 401 of what is not there."""
        repository = self.hub.repositories.get((kind, name))
        if repository is None:
            raise _NotFoundError(401, "RepoNotFound")
        commit = repository.revisions.get(revision, revision)
        if commit not in repository.commits:
            raise _NotFoundError(404, "RevisionNotFound")
        return commit, repository.commits[commit]

    def _stored(self, sha256: str) -> Content:
        for repository in self.hub.repositories.values():
            for files in repository.commits.values():
                for content in files.values():
                    if content.sha256 == sha256:
                        return content
        raise _NotFoundError(404, "EntryNotFound")

    def _send_description(self, kind: str, name: str, rest: list[str]) -> None:
        if self.fault.content is not None:
            self._send(200, self.fault.content)
            return
        what, revision = (rest[0], "/".join(rest[1:])) if rest else ("revision", "main")
        commit, files = self._find(kind, name, revision)
        answer: object
        if what == "tree":
            answer = [
                {"type": "file", "path": path, "size": len(file.data), "oid": file.blob_id} | _lfs(file, "oid")
                for path, file in files.items()
            ]
        else:
            detailed = "blobs" in parse_qs(urlsplit(self.path).query)
            siblings = [
                {"rfilename": path}
                | ({"size": len(file.data), "blobId": file.blob_id} | _lfs(file, "sha256") if detailed else {})
                for path, file in files.items()
            ]
            answer = {"id": name, "sha": commit, "private": False, "gated": False, "siblings": siblings}
        self._send(200, json.dumps(answer).encode(), {"Content-Type": "application/json"})

    def _send_file(self, kind: str, name: str, revision: str, path: str) -> None:
        commit, files = self._find(kind, name, revision)
        if path not in files:
            raise _NotFoundError(404, "EntryNotFound")
        content = files[path]
        headers = {"X-Repo-Commit": commit}
        if content.in_lfs:
            headers |= {"X-Linked-Etag": f'"{content.sha256}"', "X-Linked-Size": str(len(content.data))}
            self._send(302, b"", headers | {"Location": self.hub.storage + content.sha256})
        else:
            self._send_bytes(content.data, headers | {"ETag": f'"{content.blob_id}"'})

    def _send_bytes(self, data: bytes, headers: dict[str, str]) -> None:
        """Send a file or the range of it that is asked for."""
        data = data if self.fault.content is None else self.fault.content
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        if start and start >= len(data):
            self._send(416, b"", {"Content-Range": f"bytes */{len(data)}"})
        elif start:
            self._send(206, data[start:], headers | {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"})
        else:
            self._send(200, data, headers | {"Accept-Ranges": "bytes"})

    def _send(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {}), **self.fault.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        cut = self.fault.cut
        self.wfile.write(body if cut is None else body[:cut])
        if cut is not None:
            self.close_connection = True
            if self.fault.reset:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.rfile.close()  # else the reset would wait for it
                self.connection.close()

    def log_message(self, format: str, *arguments: object) -> None:
        """Keep quiet: `requests` tells more."""


def _lfs(content: Content, key: str) -> dict[str, object]:
    """Return the `lfs` entry of a description, in which the two interfaces name the SHA-256 differently."""
    if not content.in_lfs:
        return {}
    return {"lfs": {"size": len(content.data), key: content.sha256, "pointerSize": 130}}
