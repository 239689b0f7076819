import pyarrow as pa
import pytest

from workflow.scripts import files
from workflow.scripts.errors import UserError


def test_a_failed_write_leaves_what_was_there(tmp_path):
    path = tmp_path / "deep/file.txt"
    files.write_text(path, "old")

    def failing():
        with files.replacing(path) as temporary:
            temporary.write_text("half")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        failing()
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


def test_equal_tables_give_equal_bytes(tmp_path):
    table = pa.table({"a": [1, 2], "b": ["x", None]})
    for name in ("one", "two"):
        files.write_table(tmp_path / name, table)
    assert files.sha256(tmp_path / "one") == files.sha256(tmp_path / "two")
    assert files.read_table(tmp_path / "one").equals(table)


def test_json_comes_back(tmp_path):
    files.write_json(tmp_path / "x.json", {"ä": [1, None]})
    assert files.read_json(tmp_path / "x.json") == {"ä": [1, None]}


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "is missing"), (b"{", "is not valid JSON"), (b"\xff\xfe", "is not valid JSON")],
)
def test_bad_json_is_told(tmp_path, content, message):
    path = tmp_path / "x.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=message):
        files.read_json(path)


def test_bad_tables_are_told(tmp_path):
    path = tmp_path / "x.parquet"
    with pytest.raises(UserError, match="is missing; expected a Parquet file"):
        files.read_table(path)
    path.write_text("version https://git-lfs.github.com/spec/v1")
    with pytest.raises(UserError, match="Git LFS pointer"):
        files.read_table(path)
    files.write_table(path, pa.table({"a": [1]}))
    with pytest.raises(UserError, match="lacks the columns b, c; it has a"):
        files.read_table(path, ["a", "b", "c"])


def test_the_commit_is_told_or_unknown(monkeypatch, tmp_path):
    assert files.commit.__wrapped__()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert files.commit.__wrapped__() == "unknown"


def test_data_are_compared_with_the_statistics_beside_them(tmp_path):
    path = tmp_path / "train.parquet"
    files.write_table(path, pa.table({"x": [1, 2]}))
    files.check_data(path)  # there are no statistics
    files.write_json(path.with_suffix(".json"), {"sha256": files.sha256(path)})
    files.check_data(path)
    files.write_table(path, pa.table({"x": [1, 3]}))
    with pytest.raises(UserError, match=r"train\.parquet is not what was written: .*train\.json notes another SHA-256"):
        files.check_data(path)


def test_a_wrong_byte_in_a_page_with_a_checksum_is_told(tmp_path):
    path, table = tmp_path / "x.parquet", pa.table({"x": list(range(1000))})
    files.write_table(path, table, checksums=True)
    assert files.read_table(path) == table
    content = bytearray(path.read_bytes())
    content[200] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match="cannot be read as Parquet"):
        files.read_table(path)
