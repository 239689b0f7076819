"""Log files, console lines, progress and the words for failures."""

import errno
import logging
import os
import platform
import signal
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

from workflow.scripts import logs
from workflow.scripts.errors import UserError
from workflow.scripts.logs import configure, progress, report_failures, run

TOKEN = "hf_" + "aB3" * 12


@pytest.fixture(autouse=True)
def _fresh_logging() -> Iterator[None]:
    handler, level = signal.getsignal(signal.SIGTERM), logging.getLogger().level
    yield
    logs._replace_handlers([])
    logs._Session.stage, logs._Session.path = "", None
    logging.captureWarnings(False)
    logging.getLogger().setLevel(level)
    signal.signal(signal.SIGTERM, handler)


def test_file_gets_everything_and_console_what_people_want(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "deep" / "job.log"
    log = configure(path, stage="intermediate mnli seed 1")
    log.info("a detail")
    progress("step 200/1200 loss 0.83")
    log.warning("few rows")
    logging.getLogger("somelibrary").warning("library chatter")
    logging.getLogger("workflow.scripts.train").error("it broke")
    assert capsys.readouterr().err.splitlines() == [
        "[intermediate mnli seed 1] step 200/1200 loss 0.83",
        "[intermediate mnli seed 1] WARNING few rows",
        "ERROR intermediate mnli seed 1: it broke",
    ]
    text = path.read_text()
    for words in ("INFO    workflow: a detail", "NOTICE  workflow: step 200", "library chatter", "it broke"):
        assert words in text
    assert text[:2] == "20"  # lines begin with the date


def test_log_file_is_appended_to_and_configured_anew(tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    configure(path, "one").info("first")
    configure(path, "two").info("second")
    configure(None, "three").info("not in the file")
    text = path.read_text()
    assert text.count("first") == text.count(": second") == 1
    assert "not in the file" not in text


def test_ranks_write_their_own_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "3")
    configure(tmp_path / "job.log", "train")
    assert [path.name for path in tmp_path.iterdir()] == ["job.log.rank3"]


def test_log_file_tells_which_process_of_which_machine_writes_it(tmp_path: Path) -> None:
    configure(tmp_path / "job.log", "train mnli")
    expected = f": start of train mnli, process {os.getpid()} on {platform.node()}: "
    assert expected in (tmp_path / "job.log").read_text()


def test_unwritable_log_file_is_a_user_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="Cannot write the log file"):
        configure(tmp_path / "file" / "job.log", "train")


def test_secrets_are_masked_everywhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "job.log"
    log = configure(path, "fetch")
    log.warning("token %s, Authorization: Bearer abc.def", TOKEN)
    with pytest.raises(SystemExit), report_failures():
        raise ValueError(f"bad token {TOKEN}")
    both = path.read_text() + capsys.readouterr().err
    assert TOKEN not in both
    assert "abc.def" not in both
    assert both.count("bad token ***") == 3  # console; file: the line and the traceback
    assert logs.mask("hf_pad128 stays") == "hf_pad128 stays"


def test_library_handlers_are_adopted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    library = logging.getLogger("transformers")
    library.addHandler(logging.StreamHandler(sys.stderr))
    library.propagate = False
    path = tmp_path / "job.log"
    configure(path, "train")
    library.warning("weights were newly initialised")
    assert capsys.readouterr().err == ""
    assert "newly initialised" in path.read_text()
    logging.getLogger("transformers.modeling_utils").warning("Model LOAD REPORT\npooler: MISSING")
    assert "LOAD REPORT" not in path.read_text()  # what is missing is checked where models are loaded


def test_progress_bars_of_libraries_are_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("transformers.utils.logging")
    calls: list[str] = []
    module.disable_progress_bar = lambda: calls.append("off")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "transformers.utils.logging", module)
    configure(None, "train")
    assert calls == ["off"]


def test_user_error_has_no_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "job.log"
    configure(path, "prepare xnli")

    def main(_argv: object) -> int:
        raise UserError("No label 'maybe' in xnli.")

    assert run(main, []) == 1
    assert capsys.readouterr().err == "ERROR prepare xnli: No label 'maybe' in xnli.\n"
    assert "No label 'maybe'" in path.read_text()
    assert "Traceback" not in path.read_text()


def test_unexpected_error_is_one_line_with_the_traceback_in_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "job.log"

    def main(_argv: object) -> int:
        configure(path, "train")
        return int(os.environ["MISSING-VARIABLE"])

    assert run(main, []) == 1
    assert capsys.readouterr().err == f"ERROR train: KeyError: 'MISSING-VARIABLE' (details: {path})\n"
    assert "Traceback" in path.read_text()


def test_failure_before_configure_goes_to_the_file_of_the_log_argument(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def main(_argv: object) -> int:
        raise RuntimeError("early")

    assert run(main, ["--log", str(tmp_path / "a.log")], stage="train") == 1
    assert run(main, [f"--log={tmp_path / 'b.log'}"], stage="train") == 1
    assert "RuntimeError: early" in (tmp_path / "a.log").read_text()
    assert "ERROR train: RuntimeError: early (details:" in capsys.readouterr().err


def test_without_a_log_file_the_traceback_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit), report_failures("train"):
        raise RuntimeError("nowhere to write")
    error = capsys.readouterr().err
    assert "Traceback" in error
    assert error.endswith("ERROR train: RuntimeError: nowhere to write\n")


class OutOfMemoryError(RuntimeError):
    """Named as torch's."""


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "model.safetensors"),
            "disk is full while writing model",
        ),
        (OSError("Error writing bytes. Detail: [errno 28] No space left on device"), "disk is full"),
        (MemoryError(), "Out of memory. Everything finished before is kept"),
        (
            OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
            "Out of memory (CUDA out of memory.",
        ),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), "Out of memory"),
    ],
)
def test_full_disk_and_memory_in_words(
    error: Exception, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(tmp_path / "job.log", "train")
    with pytest.raises(SystemExit) as stop, report_failures():
        raise error
    assert stop.value.code == 1
    told = capsys.readouterr().err
    assert words in told
    assert "resumes" in told


def test_cause_of_a_wrapped_error_is_found() -> None:
    error = RuntimeError("writer failed")
    error.__cause__ = OSError(errno.ENOSPC, "No space left on device", "tokens.bin")
    assert "tokens.bin" in (logs.explain(error) or "")
    assert logs.explain(ValueError("x")) is None


def test_stops_are_quiet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configure(tmp_path / "job.log", "train")
    tidied = []

    def interrupted(_argv: object) -> int:
        raise KeyboardInterrupt

    def terminated(_argv: object) -> int:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            signal.sigtimedwait([signal.SIGUSR1], 5)
        finally:
            tidied.append(True)
        return 0

    assert run(interrupted, []) == 130
    assert run(terminated, []) == 143
    assert tidied == [True]
    assert capsys.readouterr().err == ""
    assert "exit status 143" in (tmp_path / "job.log").read_text()


def test_exit_statuses_of_programs(capsys: pytest.CaptureFixture[str]) -> None:
    def leave(code: object) -> object:
        def main(_argv: object) -> int:
            raise SystemExit(code)

        return main

    assert [run(leave(code), []) for code in (None, 0, 7, "in words")] == [0, 0, 7, 1]  # type: ignore[arg-type]
    assert capsys.readouterr().err == "in words\n"
    assert run(lambda argv: len(argv or ()), ["a", "b"]) == 2


def test_report_failures_decorates() -> None:
    @report_failures("score")
    def main() -> int:
        raise UserError("no")

    with pytest.raises(SystemExit):
        main()


def test_full_disk_under_the_log_file_does_not_stop_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    log = configure(Path("/dev/full"), "train")
    log.info("lost")
    log.info("lost too")
    assert capsys.readouterr().err.count("WARNING cannot write /dev/full") == 1
