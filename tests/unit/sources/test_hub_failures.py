"""Access to the Hub where networks, servers and files fail: what is overcome, and what is told to the user."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tests.unit.sources.hub_server import Fault
from tests.unit.sources.hub_study import DATA, NAME, TRAIN, run_study
from workflow.scripts.errors import UserError
from workflow.scripts.sources.hub import LONGEST_WAIT

DAMAGED = {
    "other bytes": Fault("/storage/", content=DATA[:-1] + b"!"),
    "fewer bytes": Fault("/storage/", content=DATA[:-1000]),
    "more bytes": Fault("/storage/", content=DATA + b"!"),
}
each_request = pytest.mark.parametrize("path", ["/api/", "/resolve/", "/storage/"])
each_damage = pytest.mark.parametrize("fault", DAMAGED.values(), ids=DAMAGED)


@pytest.fixture
def study(tmp_path, monkeypatch):
    with run_study(tmp_path, monkeypatch) as study:
        yield study


class TestBrokenConnections:
    @pytest.mark.parametrize("times", [1, 3])
    def test_a_download_that_breaks_off_is_resumed(self, study, times):
        study.server.faults.append(Fault("/storage/", cut=30_000, times=times))
        assert study.fetch().read_bytes() == DATA
        ranges = [request.headers.get("range") for request in study.server.seen("/storage/")]
        assert ranges == [None, *(f"bytes={30_000 * n}-" for n in range(1, times + 1))]

    def test_a_connection_that_is_reset_begins_again(self, study):
        study.server.faults.append(Fault("/storage/", cut=30_000, reset=True, times=1))
        assert study.fetch().read_bytes() == DATA

    def test_a_connection_that_always_breaks_off_is_told(self, study):
        study.server.faults.append(Fault("/storage/", cut=0))
        message = rf"did not deliver '{TRAIN}' of dataset '{NAME}' \(RemoteProtocolError.*later.*HF_HUB_DISABLE_XET"
        with pytest.raises(UserError, match=message):
            study.fetch()
        assert not study.blobs()

    def test_a_hub_that_is_not_there_is_told(self, study):
        message = r"did not deliver dataset 'org/facts' \(ConnectError.*'provider': mirror\); HF_HUB_OFFLINE=1"
        with pytest.raises(UserError, match=message) as caught:
            study.fetch(endpoint="http://user:password@127.0.0.1:1", delay=0.5)
        assert study.waits == [0.5, 1.0, 2.0]
        assert "password" not in str(caught.value)


class TestBusyServers:
    @each_request
    @pytest.mark.parametrize("fault", [Fault(status=500, times=1), Fault(status=503, times=3)])
    def test_server_errors_pass(self, study, path, fault):
        study.server.faults.append(replace(fault, path=path))
        assert study.fetch().read_bytes() == DATA
        assert sum(study.waits) < 10

    @each_request
    def test_too_many_requests_wait_as_long_as_demanded(self, study, path):
        """The library asks a second time for a file's description at once, then waits."""
        times = 2 if path == "/resolve/" else 1
        study.server.faults.append(Fault(path, status=429, headers={"Retry-After": "7"}, times=times))
        assert study.fetch().read_bytes() == DATA
        assert study.waits in ([7], [8])

    def test_the_window_of_the_hubs_own_limit_is_waited_for(self, study):
        study.server.faults.append(Fault("/api/", status=429, headers={"RateLimit": '"api";r=0;t=55'}, times=1))
        study.connect().resolve("dataset", NAME)
        assert study.waits == [55]

    def test_a_demand_without_measure_is_cut(self, study):
        study.server.faults.append(Fault("/api/", status=429, headers={"Retry-After": "86400"}, times=1))
        study.connect().resolve("dataset", NAME)
        assert study.waits == [LONGEST_WAIT]

    @each_request
    @pytest.mark.parametrize("status", [429, 500])
    def test_what_does_not_pass_is_told(self, study, path, status):
        study.server.faults.append(Fault(path, status=status))
        message = rf"dataset '{NAME}' \(HTTP {status}\).*run the same command again later.*'make bundle'"
        with pytest.raises(UserError, match=message):
            study.fetch()
        assert 2 <= len(study.server.seen(path)) <= 10
        assert not study.blobs()


class TestRefusals:
    def test_an_unknown_repository(self, study):
        with pytest.raises(UserError, match=r"shows no dataset 'org/fact'; correct it in the config key 'origins'"):
            study.connect().resolve("dataset", "org/fact")
        with pytest.raises(UserError, match=r"shows no model 'org/t'; correct it in .* 'models.<name>.checkpoint'"):
            study.connect().resolve("model", "org/t")

    def test_an_unknown_repository_of_a_mirror_that_says_no_more(self, study):
        study.server.faults.append(Fault("/api/", status=404))
        with pytest.raises(UserError, match=r"shows no dataset 'org/facts'; correct it in"):
            study.fetch()

    def test_a_name_that_cannot_be_one(self, study):
        with pytest.raises(UserError, match=r"'a/b/c' is no name of a Hub repository.*config key 'origins'"):
            study.connect().resolve("dataset", "a/b/c")
        assert not study.server.requests

    def test_an_unknown_revision(self, study):
        with pytest.raises(UserError, match=r"'org/facts' has no revision 'mian'; expected a branch.*'origins'"):
            study.connect().resolve("dataset", NAME, "mian")
        assert study.locked(revision="mian") is None

    def test_a_file_that_is_not_listed(self, study):
        with pytest.raises(UserError, match=r"no 'mnli/train.parquet' of dataset.*Did you mean 'mnli/train-00000"):
            study.fetch("mnli/train.parquet")

    def test_a_file_that_is_gone(self, study):
        study.server.faults.append(Fault("/resolve/", status=404, headers={"X-Error-Code": "EntryNotFound"}))
        with pytest.raises(UserError, match=rf"does not find '{TRAIN}' of dataset '{NAME}' at commit \w+; expected"):
            study.fetch()

    @pytest.mark.parametrize("status", [401, 403])
    @pytest.mark.parametrize("code", ["GatedRepo", "Other"])
    @pytest.mark.parametrize("path", ["/api/", "/resolve/"])
    def test_terms_to_accept(self, study, path, code, status, monkeypatch):
        study.server.faults.append(Fault(path, status=status, headers={"X-Error-Code": code}))
        page = f"{study.server.endpoint}/datasets/org/facts"
        with pytest.raises(UserError, match=rf"accept its terms on {page} and set HF_TOKEN \(now not set\)"):
            study.fetch()
        monkeypatch.setenv("HF_TOKEN", "hf_" + "t" * 30)
        with pytest.raises(UserError, match=r"HF_TOKEN \(now set\)") as caught:
            study.fetch()
        assert "ttt" not in str(caught.value)

    def test_a_token_that_cannot_be_sent_is_not_shown(self, study, monkeypatch, caplog):
        files = study.connect().resolve("dataset", NAME)
        study.lock.unlink()
        monkeypatch.setenv("HF_TOKEN", "hf_secret\u2026secret")
        for call in (study.fetch, lambda: study.connect().download("dataset", files, TRAIN)):
            with pytest.raises(UserError, match=r"HF_TOKEN \(now set\) holds a character that no token has") as caught:
                call()
            assert "secret" not in str(caught.value) + caplog.text

    @pytest.mark.parametrize(
        "content",
        [
            b"<html>Please log in</html>",
            b"{}",
            b'{"id": "a", "siblings": []}',
            b'{"id": "a", "sha": "%s", "siblings": [{"rfilename": "a/../../b"}]}' % (b"f" * 40),
        ],
    )
    def test_a_server_that_is_no_hub(self, study, content):
        study.server.faults.append(Fault("/api/", content=content))
        with pytest.raises(UserError, match=r"answered what no Hub answers .*check HF_ENDPOINT.*proxy"):
            study.connect().resolve("dataset", NAME)


class TestDamage:
    @each_damage
    def test_a_damaged_download_is_repeated(self, study, fault):
        study.server.faults.append(replace(fault, times=1))
        assert study.fetch().read_bytes() == DATA

    @each_damage
    def test_damage_that_stays_is_told_and_not_kept(self, study, tmp_path, fault):
        study.server.faults.append(replace(fault))
        with pytest.raises(UserError, match=rf"'{TRAIN}' of dataset '{NAME}' came damaged twice.*proxy"):
            study.fetch()
        assert not study.blobs()
        assert not list(tmp_path.glob("cache/*/snapshots/*/mnli/*"))
        study.server.faults.clear()
        assert study.fetch().read_bytes() == DATA

    def test_a_file_that_is_shorter_than_its_server_promises(self, study):
        """The connection ends early; where it is resumed there is nothing more."""
        promise = {"Content-Length": str(len(DATA))}
        study.server.faults += [
            Fault("/storage/", content=DATA[:1000], headers=promise, cut=1000, times=1),
            Fault("/storage/", content=DATA[:1000]),
        ]
        with pytest.raises(UserError, match="came damaged twice"):
            study.fetch()
        assert study.server.seen("/storage/")[1].headers["range"] == "bytes=1000-"
        assert not study.blobs()

    def test_a_file_cut_short_in_the_cache_is_fetched_again(self, study):
        study.fetch().write_bytes(DATA[:500])
        assert study.fetch().read_bytes() == DATA

    def test_what_a_killed_process_left_unverified_is_verified(self, study, monkeypatch):
        """Killed between download and verification: the next run does not take the file as it is."""

        def kill(*_):
            raise KeyboardInterrupt

        study.server.faults.append(Fault("/storage/", content=DATA[:-1] + b"!", times=1))
        with monkeypatch.context() as patch:
            patch.setattr("workflow.scripts.sources.hub._verify", kill)
            with pytest.raises(KeyboardInterrupt):
                study.fetch()
        assert study.blobs()
        assert study.fetch().read_bytes() == DATA

    def test_nobody_gets_a_damaged_file_while_it_is_repeated(self, study):
        """Four at the same time: one downloads, twice, while the others wait."""
        study.server.faults.append(Fault("/storage/", content=DATA[:-1] + b"!", times=1))
        files = study.connect().resolve("dataset", NAME)
        with ThreadPoolExecutor(4) as pool:
            downloads = [pool.submit(study.connect().download, "dataset", files, TRAIN) for _ in range(4)]
            assert [download.result().read_bytes() == DATA for download in downloads] == [True] * 4
        assert len(study.server.seen("/storage/")) == 2

    @pytest.mark.parametrize("file", ["cache", "cache/datasets--org--facts/blobs"])
    def test_a_cache_that_cannot_be_written(self, study, tmp_path, file):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("a file where a folder must be")
        with pytest.raises(UserError, match=r"cannot be written to the cache .*name another folder with HF_HOME"):
            study.fetch()
