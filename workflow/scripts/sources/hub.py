"""The Hugging Face Hub: which files a repository has at its locked commit, and their download into the Hub's cache.

Endpoint, token, cache folder and offline mode are those of `huggingface_hub` (HF_ENDPOINT, HF_TOKEN, HF_HOME,
HF_HUB_OFFLINE). Files lie in its cache, so that studies share them; beside them lies the list of the repository's
files (`listings/<commit>.json`), which never changes for a commit and is therefore asked for once.
"""

import hashlib
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from workflow.scripts.errors import UserError, nearest
from workflow.scripts.files import read_json, sha256, write_json
from workflow.scripts.logs import adopt_library_loggers
from workflow.scripts.sources.hub_errors import Question, explain, offline, other_commit, reason
from workflow.scripts.sources.lock import COMMIT, Kind, LockFile

ATTEMPTS = 4
LONGEST_WAIT = 300.0
"""Seconds; the Hub counts requests in windows of five minutes."""

_TIMEOUT = 30.0
_SERVER_ERRORS = frozenset({500, 502, 503, 504})
_BUSY = frozenset({408, 429})

log = logging.getLogger(__name__)


class _DamagedFileError(Exception):
    """A download that is not what the Hub declares."""


@dataclass(frozen=True)
class RepositoryFiles:
    """What a repository holds at one commit.

    Attributes:
        repository: `<organisation>/<name>`.
        revision: the branch, tag or commit that was asked for.
        commit: 40 hexadecimal digits.
        files: paths, sorted.
        sizes: bytes by path, where the Hub tells them.
        sha256: by path, where the Hub tells it: for files in Git LFS.
    """

    repository: str
    revision: str
    commit: str
    files: tuple[str, ...]
    sizes: Mapping[str, int]
    sha256: Mapping[str, str]


class Hub:
    """The repositories of a Hub at locked commits.

    Args:
        lock: where commits are looked up and recorded.
        endpoint: another Hub than the environment's.
        cache: another cache folder than the environment's.
        delay: seconds before the second attempt; doubled before each further one.
    """

    def __init__(
        self, lock: LockFile, *, endpoint: str | None = None, cache: Path | None = None, delay: float = 1.0
    ) -> None:
        from huggingface_hub import HfApi, constants

        adopt_library_loggers()
        self._lock = lock
        self._api = HfApi(endpoint=endpoint)
        self._cache = cache or Path(constants.HF_HUB_CACHE).expanduser()
        self._delay = delay
        self._resolved: dict[tuple[Kind, str, str], RepositoryFiles] = {}

    def resolve(self, kind: Kind, repository: str, revision: str = "main") -> RepositoryFiles:
        """Return the files of a repository at the locked commit; a revision without one is resolved and locked.

        The Hub is asked once for each repository and revision, and not at all for a locked commit whose list of files
        is in the cache.

        Raises:
            UserError: the Hub does not answer, refuses, or does not know the repository, revision or locked commit.
        """
        key = (kind, repository, revision)
        if key not in self._resolved:
            locked = self._lock.commit(kind, repository, revision)
            files = self._listed(kind, repository, revision, locked) if locked else None
            self._resolved[key] = files or self._ask(kind, repository, revision, locked)
        return self._resolved[key]

    def download(self, kind: Kind, files: RepositoryFiles, path: str) -> Path:
        """Return the path, in the cache, of one file; it is downloaded and verified if it is not there yet.

        A download has the size and, in Git LFS, the SHA-256 that the Hub declares; a damaged one is deleted and
        repeated once. Broken connections are resumed. Of a file in the cache only the size is compared.

        Raises:
            UserError: the file cannot be had whole, or the cache cannot be written.
        """
        question = self._question(kind, files.repository, files.revision, files.commit, path)
        if path not in files.files:
            raise UserError(f"there is no {question.name} at commit {files.commit}.{nearest(path, files.files)}")
        # A marker stands from before a download until after its verification, so that a killed process leaves it
        name = hashlib.sha256(f"{files.commit}/{path}".encode()).hexdigest()
        marker = self._folder(kind, files.repository, ".locks") / f"{name}.unverified"
        cached = self._cached(kind, files, path)
        if cached and not marker.exists():
            return cached
        from filelock import FileLock
        from huggingface_hub import is_offline_mode

        if is_offline_mode():
            raise offline(question)
        try:
            marker.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(marker.with_suffix(".lock")):
                return self._download(kind, files, question, marker)
        except OSError as error:
            raise UserError(
                f"{question.name} cannot be written to the cache {self._cache} ({error.strerror}); make room there or "
                "name another folder with HF_HOME, then run again"
            ) from error

    def _download(self, kind: Kind, files: RepositoryFiles, question: Question, marker: Path) -> Path:
        """Fetch and verify one file, a second time if it comes damaged; the caller holds the file's lock."""
        fault = ""
        for _ in range(2):
            marker.touch()
            try:
                pointer = self._fetch(kind, files, question)
                _verify(pointer, files, question.path)
            except _DamagedFileError as error:
                fault = str(error)
                log.warning("%s: %s; it is fetched again", question.name, fault)
            else:
                marker.unlink()
                return pointer
        marker.unlink()
        raise UserError(
            f"{question.name} came damaged twice: {fault}. Run again later; if a mirror or proxy stands between "
            f"(HF_ENDPOINT is {question.hub}), use another"
        )

    def _fetch(self, kind: Kind, files: RepositoryFiles, question: Question) -> Path:
        """Bring one file into the cache with the library, which resumes, and compares sizes."""
        from httpx2 import HTTPError
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import HfHubHTTPError

        call = partial(hf_hub_download, files.repository, question.path, repo_type=kind, revision=files.commit)
        try:
            path = self._attempt(
                partial(call, cache_dir=self._cache, endpoint=self._api.endpoint), question, _SERVER_ERRORS
            )
        except (HTTPError, OSError, RuntimeError, UnicodeEncodeError) as error:  # RuntimeError: of Xet storage
            beyond_end = isinstance(error, HfHubHTTPError) and error.response.status_code == 416
            if beyond_end or (type(error) is OSError and error.errno is None):  # how a wrong size is told
                raise _DamagedFileError(f"it is not as long as declared ({reason(error)})") from error
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise explain(error, question) from error
        return Path(path)

    def _attempt(self, call: Callable[[], Any], question: Question, transient: frozenset[int]) -> Any:
        """Call, and again after broken connections and transient statuses."""
        from httpx2 import TransportError
        from huggingface_hub.errors import HfHubHTTPError

        for attempt in range(1, ATTEMPTS):
            wait = self._delay * 2 ** (attempt - 1)
            try:
                return call()
            except (HfHubHTTPError, TransportError) as error:
                if isinstance(error, HfHubHTTPError):
                    if error.response.status_code not in transient:
                        raise
                    wait = min(max(wait, _demanded_wait(error.response.headers)), LONGEST_WAIT)
                log.warning("%s: %s; asking again in %.0f s", question.name, reason(error), wait)
            time.sleep(wait)
        return call()

    def _ask(self, kind: Kind, repository: str, revision: str, locked: str | None) -> RepositoryFiles:
        """Ask the Hub for a commit's files; lock the commit if the revision has none."""
        from httpx2 import HTTPError
        from huggingface_hub.errors import HFValidationError

        question = self._question(kind, repository, revision, locked)
        call = partial(self._api.repo_info, repository, repo_type=kind, files_metadata=True, timeout=_TIMEOUT)
        try:
            info = self._attempt(partial(call, revision=locked or revision), question, _SERVER_ERRORS | _BUSY)
            files = _describe(info, repository, revision)
        except HFValidationError as error:
            raise UserError(
                f"'{repository}' is no name of a Hub repository ({error}); {question.correction}"
            ) from error
        except (HTTPError, OSError, ValueError, TypeError, KeyError) as error:
            raise explain(error, question) from error
        if locked and files.commit != locked:
            raise other_commit(files.commit, question)
        with suppress(OSError):  # a cache that cannot be written may still hold the files
            write_json(self._listing(kind, repository, files.commit), asdict(files))
        agreed = locked or self._lock.record(kind, repository, revision, files.commit)
        return files if agreed == files.commit else self._ask(kind, repository, revision, agreed)

    def _listed(self, kind: Kind, repository: str, revision: str, commit: str) -> RepositoryFiles | None:
        """Return the files of a commit from the cache; offline also from the list that `hf download` leaves there."""
        from huggingface_hub import get_cached_repo_tree, is_offline_mode
        from huggingface_hub.errors import CachedRepoTreeNotFoundError

        path = self._listing(kind, repository, commit)
        if path.is_file():
            with suppress(TypeError, KeyError):  # written by another version of this program
                listing = read_json(path)
                return RepositoryFiles(**listing | {"revision": revision, "files": tuple(listing["files"])})
        if is_offline_mode():
            with suppress(CachedRepoTreeNotFoundError):
                tree = get_cached_repo_tree(repository, repo_type=kind, revision=commit, cache_dir=self._cache)
                sizes = {file.path: file.size for file in tree}
                return RepositoryFiles(repository, revision, commit, tuple(sorted(sizes)), sizes, {})
        return None

    def _cached(self, kind: Kind, files: RepositoryFiles, path: str) -> Path | None:
        """Return a file's path in the cache if it is there in full length."""
        pointer = self._folder(kind, files.repository) / "snapshots" / files.commit / path
        return pointer if pointer.is_file() and _is_whole(pointer, files, path) else None

    def _folder(self, kind: Kind, repository: str, parent: str = "") -> Path:
        return self._cache / parent / f"{kind}s--{repository.replace('/', '--')}"

    def _listing(self, kind: Kind, repository: str, commit: str) -> Path:
        return self._folder(kind, repository) / "listings" / f"{commit}.json"

    def _question(self, kind: Kind, repository: str, revision: str, locked: str | None, path: str = "") -> Question:
        return Question(self._api.endpoint, kind, repository, revision, locked, self._lock.path, self._cache, path)


def explain_unreadable(files: RepositoryFiles) -> str:
    """Return the sentence to show when a repository has no data file that the workflow can read."""
    where = f"'{files.repository}' (revision '{files.revision}', commit {files.commit})"
    script = f"{files.repository.rpartition('/')[2]}.py"
    if script in files.files and not any(path.endswith(".parquet") for path in files.files):
        return (
            f"{where} has only a loading script, {script}, which is never run; name the Hub's own conversion with "
            "'revision: refs/convert/parquet' in the config key 'origins'"
        )
    some = ", ".join(files.files[:8]) + (", ..." if len(files.files) > 8 else "")
    return f"{where} has no data file that fits; expected Parquet, it has {some or 'no file at all'}"


def _describe(info: Any, repository: str, revision: str) -> RepositoryFiles:
    """Return the files in the Hub's description of a repository."""
    files = {file.rfilename: file for file in info.siblings}
    outside = [path for path in files if path.startswith("/") or ".." in path.split("/")]
    if outside or not COMMIT.fullmatch(info.sha):
        raise ValueError(f"commit '{info.sha}', file '{''.join(outside[:1])}'")
    sizes = {path: file.size for path, file in files.items() if file.size is not None}
    hashes = {path: file.lfs.sha256 for path, file in files.items() if file.lfs}
    return RepositoryFiles(repository, revision, info.sha, tuple(sorted(files)), sizes, hashes)


def _is_whole(file: Path, files: RepositoryFiles, path: str) -> bool:
    size = file.stat().st_size
    return size == files.sizes.get(path, size)


def _verify(pointer: Path, files: RepositoryFiles, path: str) -> None:
    """Compare a fresh download with what the Hub declares; a damaged one is deleted.

    Raises:
        _DamagedFileError: size or SHA-256 differ.
    """
    found, declared = sha256(pointer), files.sha256.get(path)
    if _is_whole(pointer, files, path) and declared in (None, found):
        return
    size = pointer.stat().st_size
    pointer.resolve().unlink()
    pointer.unlink(missing_ok=True)
    raise _DamagedFileError(
        f"{size:,} bytes with SHA-256 {found}, declared are {files.sizes.get(path, size):,} bytes with {declared}"
    )


def _demanded_wait(headers: Mapping[str, str]) -> float:
    """Return the seconds for which the Hub asks to be left alone."""
    from huggingface_hub.utils import parse_ratelimit_headers  # type: ignore[attr-defined]  # is exported lazily

    limit, after = parse_ratelimit_headers(headers), headers.get("Retry-After", "")
    if limit and limit.remaining == 0:
        return float(limit.reset_in_seconds)
    return float(after) if after.isdigit() else 0.0
