"""What the Hub's refusals and silences mean, and what to do about them."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from workflow.scripts.errors import UserError
from workflow.scripts.logs import mask
from workflow.scripts.sources.lock import Kind

_CONFIG_KEYS = {"dataset": "origins", "model": "models.<name>.checkpoint"}

_WITHOUT_NETWORK = (
    "On machines without network, carry over what 'make bundle' writes on one with network, or read a folder of "
    "repositories (config key 'provider': mirror)"
)


@dataclass(frozen=True)
class Question:
    """What was asked of the Hub.

    Attributes:
        endpoint: address of the Hub; a password in it is not shown.
        kind: dataset or model.
        repository: `<organisation>/<name>`.
        revision: branch, tag or commit, as the study names it.
        locked: the commit that was asked for in its place, if there is one.
        lock: the lock file.
        cache: folder of downloads.
        path: the file that was asked for; empty where the list of files was.
    """

    endpoint: str
    kind: Kind
    repository: str
    revision: str
    locked: str | None
    lock: Path
    cache: Path
    path: str = ""

    @property
    def hub(self) -> str:
        """Address of the Hub without a password."""
        parts = urlsplit(self.endpoint)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()

    @property
    def name(self) -> str:
        """The repository and, where one was asked for, the file."""
        repository = f"{self.kind} '{self.repository}'"
        return f"'{self.path}' of {repository}" if self.path else repository

    @property
    def correction(self) -> str:
        """Where a wrong name is put right."""
        return f"correct it in the config key '{_CONFIG_KEYS[self.kind]}'"

    @property
    def unlocking(self) -> str:
        """How to go on without the locked commit."""
        return (
            f"{self.locked} is locked for its revision '{self.revision}' in {self.lock}. To read the revision as it is "
            "now, which may be other data, delete that entry and run again"
        )


def reason(error: Exception) -> str:
    """Return an error in a few words, without the addresses and advice of the library, and without tokens."""
    from huggingface_hub.errors import HfHubHTTPError

    if isinstance(error, HfHubHTTPError):
        said = f": {error.server_message.splitlines()[0]}" if error.server_message else ""
        return mask(f"HTTP {error.response.status_code}{said}")
    return mask(f"{type(error).__name__}: {str(error).partition(chr(10))[0]}")


def explain(error: Exception, question: Question) -> UserError:
    """Return what an error of `huggingface_hub` (a refusal, a broken connection, offline mode) means to the user."""
    from huggingface_hub.errors import (
        EntryNotFoundError,
        FileMetadataError,
        GatedRepoError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    if isinstance(error, LocalEntryNotFoundError) and isinstance(error.__cause__, Exception):
        error = error.__cause__
    status = error.response.status_code if isinstance(error, HfHubHTTPError) else None
    hub, name = question.hub, question.name
    if isinstance(error, OfflineModeIsEnabled):
        return offline(question)
    if isinstance(error, GatedRepoError) or (status in (401, 403) and not isinstance(error, RepositoryNotFoundError)):
        return _refused(error, question)
    if isinstance(error, RevisionNotFoundError):
        return _unknown_revision(question)
    if isinstance(error, RepositoryNotFoundError) or (status == 404 and not question.path):
        return UserError(
            f"{hub} shows no {question.kind} '{question.repository}'; {question.correction}. If it is private, set "
            f"{_token()} to a token that may read it"
        )
    if isinstance(error, EntryNotFoundError):
        return UserError(
            f"{hub} does not find {name} at commit {question.locked}; expected it as listed. Try again later"
        )
    if isinstance(error, UnicodeEncodeError):
        return UserError(f"{name} cannot be asked for: {_token()} holds a character that no token has; set it anew")
    if isinstance(error, (FileMetadataError, ValueError, TypeError, KeyError)):
        return UserError(
            f"{hub} answered what no Hub answers ({reason(error)}) when asked for {name}; check HF_ENDPOINT, and "
            "whether a proxy asks for a login"
        )
    xet = "" if status or not question.path else " If only downloads fail, HF_HUB_DISABLE_XET=1 avoids Xet storage."
    return UserError(
        f"{hub} did not deliver {name} ({reason(error)}); run the same command again "
        f"later.{xet} {_WITHOUT_NETWORK}; HF_HUB_OFFLINE=1 reads only what was downloaded before"
    )


def offline(question: Question) -> UserError:
    """Return what is missing for work without network."""
    if question.path:
        lacking = f"{question.name} at commit {question.locked} is not in the cache {question.cache}, or not whole"
    elif question.locked:
        lacking = (
            f"the list of files of {question.name} at commit {question.locked} is not in the cache {question.cache}"
        )
    else:
        lacking = f"{question.lock} has no commit of {question.name} for revision '{question.revision}'"
    return UserError(f"HF_HUB_OFFLINE is set, but {lacking}; unset it to download. {_WITHOUT_NETWORK}")


def other_commit(found: str, question: Question) -> UserError:
    """Return that the Hub answered with another commit than the locked one."""
    return UserError(
        f"{question.hub} answers with commit {found} of {question.name} when asked for {question.locked}; "
        f"{question.unlocking}"
    )


def _unknown_revision(question: Question) -> UserError:
    if question.locked and question.locked != question.revision:
        return UserError(f"{question.hub} knows no commit {question.locked} of {question.name}; {question.unlocking}")
    return UserError(
        f"{question.name} has no revision '{question.revision}'; expected a branch, tag or commit, for example 'main' "
        f"or 'refs/convert/parquet': {question.correction}"
    )


def _refused(error: Exception, question: Question) -> UserError:
    page = f"{question.hub}/{'datasets/' if question.kind == 'dataset' else ''}{question.repository}"
    return UserError(
        f"{question.hub} refuses access to {question.name} ({reason(error)}); accept its terms on {page} and set "
        f"{_token()} to a token of the account that accepted them"
    )


def _token() -> str:
    from huggingface_hub import get_token

    return f"HF_TOKEN (now {'set' if get_token() else 'not set'})"
