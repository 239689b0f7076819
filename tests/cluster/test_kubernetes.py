"""The profile for Kubernetes plans a study against an empty bucket; no cluster is needed for that."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.cluster.conftest import need_plugin

EMPTY = (
    b'<?xml version="1.0"?><ListBucketResult><Name>study</Name><KeyCount>0</KeyCount>'
    b"<IsTruncated>false</IsTruncated></ListBucketResult>"
)


@pytest.fixture
def bucket():
    """The address of an object storage on loopback with an empty bucket `study`, and what was asked of it."""
    asked = []

    class Storage(BaseHTTPRequestHandler):
        def answer(self):
            asked.append(f"{self.command} {self.path}")
            path, _, query = self.path.partition("?")
            found = path.strip("/") == "study"
            self.send_response(200 if found else 404)
            self.send_header("Content-Length", str(len(EMPTY)) if found and query else "0")
            self.end_headers()
            if found and query and self.command == "GET":
                self.wfile.write(EMPTY)

        do_GET = do_HEAD = do_PUT = answer  # noqa: N815 (names of the standard library)

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Storage)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def test_a_study_is_planned(tree, bucket):
    need_plugin("executor_plugin_kubernetes")
    need_plugin("storage_plugin_s3")
    address, asked = bucket
    printed = tree.run(
        *("scores", "--profile", "profiles/kubernetes", "--configfile", "tests/config/smoke.yaml", "--dry-run"),
        *("--config", "sources=[none,mnli]", "targets=[xnli,tatoeba]"),
        *("--storage-s3-endpoint-url", address, "--local-storage-prefix", tree.root / "copies"),
        SNAKEMAKE_STORAGE_S3_ACCESS_KEY="key",
        SNAKEMAKE_STORAGE_S3_SECRET_KEY="secret",
    )
    planned = dict(line.split() for line in printed.split("Job stats:")[1].splitlines()[3:] if len(line.split()) == 2)
    assert int(planned["total"]) > 20
    assert planned["train_intermediate"] == "1"
    assert asked
    assert not [request for request in asked if request.startswith("PUT")]
    assert "secret" not in printed
