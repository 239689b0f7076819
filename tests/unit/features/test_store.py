"""Token files: chunks become one piece, and older files are read."""

import errno
import json
import resource

import numpy as np
import pyarrow as pa
import pytest

from workflow.scripts.errors import UserError
from workflow.scripts.features.store import Features, Ragged, TokenIds, write_chunks, write_features

TOKENS = TokenIds(vocabulary_size=20, pad=1, mask=4, special=(0, 1, 2, 3, 4))
ABOUT = {"family": "text", "tokens": TOKENS, "labels": ()}


def rows_of(column):
    return [column[row].tolist() for row in range(len(column))]


def test_chunks_become_one_record_batch(tmp_path):
    path = tmp_path / "new" / "train.arrow"
    chunks = [
        {"example": np.array([0, 1]), "input_ids": Ragged(np.array([0, 5, 2, 0, 2]), np.array([0, 3, 5]))},
        {"example": [], "input_ids": []},
        {"example": [2], "input_ids": [[0, 7, 8, 2]]},
    ]
    assert write_chunks(path, iter(chunks), **ABOUT) == (3, 9)
    features = Features(path)
    assert rows_of(features.input_ids) == [[0, 5, 2], [0, 2], [0, 7, 8, 2]]
    assert features.columns["example"].tolist() == [0, 1, 2]
    with pa.ipc.open_file(pa.memory_map(str(path))) as file:
        assert file.num_record_batches == 1


def test_chunks_and_the_whole_give_the_same_bytes(tmp_path):
    draw = np.random.default_rng(1)
    ids = [draw.integers(0, 20, draw.integers(0, 9)).tolist() for _ in range(50)]
    columns = {"example": list(range(50)), "input_ids": ids, "positions": ids[::-1], "side": [n % 2 for n in range(50)]}
    write_features(tmp_path / "whole.arrow", columns, **ABOUT)
    chunks = [{name: values[start : start + 7] for name, values in columns.items()} for start in range(0, 50, 7)]
    write_chunks(tmp_path / "chunks.arrow", chunks, **ABOUT)
    assert (tmp_path / "whole.arrow").read_bytes() == (tmp_path / "chunks.arrow").read_bytes()


def test_a_part_of_longer_rows_is_written_alone(tmp_path):
    part = Ragged(np.arange(10), np.array([3, 5, 6]))
    write_features(tmp_path / "part.arrow", {"example": [0, 1], "input_ids": part}, **ABOUT)
    assert rows_of(Features(tmp_path / "part.arrow").input_ids) == [[3, 4], [5]]


def test_nothing_is_left_when_encoding_fails(tmp_path):
    def chunks():
        yield {"example": [0], "input_ids": [[1]]}
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        write_chunks(tmp_path / "train.arrow", chunks(), **ABOUT)
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_the_system_refuses_is_told_with_its_reason(tmp_path):
    """NumPy's `tofile` gives none, and for small pieces no error: to read the mapped file then ends in SIGBUS."""
    columns = {"example": range(3000), "input_ids": [[0, 2]] * 3000}
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, limits[1]))  # of a file, in bytes
    try:
        with pytest.raises(OSError, match="File too large") as refused:
            write_features(tmp_path / "train.arrow", columns, **ABOUT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert refused.value.errno == errno.EFBIG
    assert list(tmp_path.iterdir()) == []


def test_reading_copies_nothing(tmp_path):
    path = tmp_path / "train.arrow"
    write_features(path, {"example": [0] * 9, "input_ids": [list(range(2000))] * 9}, **ABOUT)
    before = pa.total_allocated_bytes()
    features = Features(path)
    assert pa.total_allocated_bytes() - before < 9 * 2000
    assert features.input_ids[8].sum() == 1999 * 1000


def test_languages_are_kept(tmp_path):
    path = tmp_path / "train.arrow"
    columns = {"example": [0, 1], "input_ids": [[1], [2]], "language": [1, 0]}
    write_features(path, columns, **ABOUT, languages=("de", "sw"))
    features = Features(path)
    assert features.languages == ("de", "sw")
    assert features.columns["language"].tolist() == [1, 0]
    assert features.columns["language"].dtype == np.int16


def test_a_file_without_languages_is_read(tmp_path):
    path = tmp_path / "old.arrow"
    write_features(path, {"example": [0], "input_ids": [[1, 2]]}, **ABOUT)
    table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    described = json.loads(table.schema.metadata[b"features"])
    del described["languages"]
    table = table.replace_schema_metadata({"features": json.dumps(described)})
    with pa.OSFile(str(tmp_path / "older.arrow"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    assert Features(tmp_path / "older.arrow").languages == ()


def test_a_file_without_sequences_is_told(tmp_path):
    path = tmp_path / "train.arrow"
    assert write_chunks(path, [], **ABOUT) == (0, 0)
    with pytest.raises(UserError, match="holds no sequences"):
        Features(path)


def test_a_file_that_was_cut_short_is_told(tmp_path):
    path = tmp_path / "train.arrow"
    write_features(path, {"example": [0], "input_ids": [[1, 2]]}, **ABOUT)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match="cannot be read as token file"):
        Features(path)


def test_the_first_examples_have_all_their_rows(tmp_path):
    columns = {
        "example": [0, 0, 1, 1, 2, 2],
        "input_ids": [[0, 5, 2], [0, 6, 6, 2], [0, 2], [0, 7, 2], [0, 2], [0, 2]],
        "label": [1, 1, 0, 0, 1, 1],
    }
    write_features(tmp_path / "mc.arrow", columns, family="multiple_choice", tokens=TOKENS, labels=())
    features = Features(tmp_path / "mc.arrow")
    assert features.item_tokens.tolist() == [8, 6, 4]
    part = features.first(2)
    assert len(part) == 2
    assert rows_of(part.input_ids) == columns["input_ids"][:4]
    assert part.columns["label"].tolist() == [1, 1, 0, 0]
    assert part.item_tokens.tolist() == [8, 6]
    assert len(features) == 3
    assert len(features.first(99)) == 3


def test_every_wrong_byte_of_the_columns_is_told(tmp_path):
    path = tmp_path / "train.arrow"
    write_features(path, {"example": [0, 1], "input_ids": [[0, 5, 2], [0, 2]], "label": [77777, 88888]}, **ABOUT)
    content = path.read_bytes()
    values = [np.array(numbers, np.int32).tobytes() for numbers in ([0, 5, 2, 0, 2], [77777, 88888])]
    for at in (content.index(part) + len(part) - 4 for part in values):
        path.write_bytes(content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :])
        with pytest.raises(UserError, match=r"train\.arrow is not what was written"):
            Features(path)
    path.write_bytes(content)
    assert rows_of(Features(path).input_ids) == [[0, 5, 2], [0, 2]]


def test_a_file_of_before_there_were_checksums_is_read(tmp_path):
    path = tmp_path / "train.arrow"
    write_features(path, {"example": [0], "input_ids": [[0, 5, 2]]}, **ABOUT)
    table = pa.ipc.open_file(path.read_bytes()).read_all()
    metadata = {name: value for name, value in table.schema.metadata.items() if name != b"sha256"}
    assert len(metadata) == len(table.schema.metadata) - 1
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema.with_metadata(metadata)) as writer:
        writer.write_table(table)
    assert rows_of(Features(path).input_ids) == [[0, 5, 2]]
