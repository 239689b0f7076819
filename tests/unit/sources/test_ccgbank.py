"""CCGbank in jiant's files and in its own: read as written; damage is told with file and line."""

import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from workflow.scripts.errors import UserError
from workflow.scripts.sources import ccgbank
from workflow.scripts.tasks import TASKS
from workflow.scripts.tasks.languages import Language
from workflow.scripts.tasks.schemas import RowError

ENGLISH = Language("en", "English", "eng", "Latin", "Germanic")
TRANSITIVE = r"(S[dcl]\NP)/NP"

GULLS = (
    "(<T S[dcl] 0 2> (<T S[dcl] 1 2> (<T NP 0 1> (<L N NNS NNS Gulls N>) ) "
    rf"(<T S[dcl]\NP 0 2> (<L {TRANSITIVE} VBP VBP eat (S[dcl]\NP_7)/NP_8>) (<T NP 0 1> (<L N NN NN bread N>) ) ) ) "
    "(<L . . . . .>) ) "
)
"""A derivation in the layout of the AUTO files, with the blank that stands at the end of their lines."""

WORDS = ["Gulls", "eat", "bread", "."]
TAGS = ["N", TRANSITIVE, "N", "."]
SECTIONS = [section for sections in ccgbank.SECTIONS.values() for section in sections]


def texts(forbidden):
    """Words of any characters but some; not a byte order mark, which at the beginning of a file would be one."""
    characters = st.characters(exclude_categories=["Cs"], exclude_characters=f" \n\r\ufeff{forbidden}")
    return st.text(characters, min_size=1, max_size=6)


def sentences(words, tags):
    sentence = st.lists(st.tuples(words, tags), min_size=1, max_size=6)
    rows = sentence.map(lambda pairs: {"tokens": [word for word, _ in pairs], "tags": [tag for _, tag in pairs]})
    return st.lists(rows, min_size=1, max_size=4)


def jiant_text(rows, end="\n"):
    return "".join(f"{' '.join(row['tokens'])}\t{' '.join(row['tags'])}{end}" for row in rows)


def derivation(row):
    """Return a right-branching derivation over the words of a row."""
    first, *rest = [f"(<L {tag} X Y {word} {tag}>)" for word, tag in zip(row["tokens"], row["tags"], strict=True)]
    return f"(<T S 0 2> {first} {derivation_of(rest)} ) " if rest else first


def derivation_of(leaves):
    return leaves[0] if len(leaves) == 1 else f"(<T S 0 2> {leaves[0]} {derivation_of(leaves[1:])} )"


def auto_text(rows, end="\n"):
    lines = (
        f"ID=wsj_0001.{i} PARSER=GOLD NUMPARSE=1{end}{derivation(row)}{end}" for i, row in enumerate(rows, start=1)
    )
    return "".join(lines)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8"))
    return path


def write_jiant(folder, **files):
    for split, text in {"train": jiant_text([{"tokens": WORDS, "tags": TAGS}]), "dev": "a\tN\n"}.items():
        write(folder / f"ccg.{split}", files.get(split, text))


def write_auto(root, sections=SECTIONS):
    """Write one file with one sentence for each section; the first word names the section."""
    for section in sections:
        text = auto_text([{"tokens": [f"in-{section}", "rain"], "tags": ["N/N", "N"]}])
        write(root / section / f"wsj_{section}07.auto", text)


def survives_its_repository(row):
    schema = TASKS["ccg"].schema
    (written,) = schema.write([row], ENGLISH)
    return list(schema.read(written)) == [row]


class TestJiant:
    @given(train=sentences(texts("\t"), texts("\t")), end=st.sampled_from(["\n", "\r\n"]), blank=st.integers(0, 2))
    @example(train=[{"tokens": ["a\u2028b", "\u00a0", "c\u0085"], "tags": ["N", "\u00a0", "N\x0b"]}], end="\n", blank=0)
    def test_reading_inverts_writing(self, tmp_path_factory, train, end, blank):
        folder = tmp_path_factory.mktemp("jiant")
        write_jiant(folder, train=jiant_text(train, end) + end * blank)
        read = ccgbank.read_jiant(folder)
        assert read == {"train": train, "dev": [{"tokens": ["a"], "tags": ["N"]}]}
        assert all(survives_its_repository(row) for row in train)

    def test_a_test_file_is_read_if_it_is_there(self, tmp_path):
        write_jiant(tmp_path)
        assert list(ccgbank.read_jiant(tmp_path)) == ["train", "dev"]
        write(tmp_path / "ccg.test", "b\tNP\n")
        assert ccgbank.read_jiant(tmp_path)["test"] == [{"tokens": ["b"], "tags": ["NP"]}]

    def test_a_byte_order_mark_and_a_missing_last_line_end(self, tmp_path):
        write_jiant(tmp_path, train="\ufeffa b\tN/N N")
        assert ccgbank.read_jiant(tmp_path)["train"] == [{"tokens": ["a", "b"], "tags": ["N/N", "N"]}]

    def test_blanks_around_a_line_are_no_words(self, tmp_path):
        write_jiant(tmp_path, train=" a b\tN/N N \n")
        assert ccgbank.read_jiant(tmp_path)["train"] == [{"tokens": ["a", "b"], "tags": ["N/N", "N"]}]

    def test_every_supertag_has_to_be_in_the_inventory(self, tmp_path):
        write_jiant(tmp_path, dev="a\tN\nb c\tN (S[dcl]\\NP)/N\n")
        inventory = write(tmp_path / "tags_to_id.json", json.dumps({TRANSITIVE: 0, "N": 1, ".": 2}))
        message = rf"ccg\.dev, line 2: supertag '.*' is not in .*json; .* Did you mean '{re.escape(TRANSITIVE)}'\?"
        with pytest.raises(UserError, match=message):
            ccgbank.read_jiant(tmp_path)
        write(tmp_path / "ccg.dev", "a\tN\n")
        assert ccgbank.read_jiant(tmp_path)["train"] == [{"tokens": WORDS, "tags": TAGS}]
        write(inventory, "[1, 2]")
        with pytest.raises(UserError, match=r"tags_to_id\.json holds a list; expected a map"):
            ccgbank.read_jiant(tmp_path)

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("a\tN\na b\tN\n", r"ccg\.train, line 2 has 2 words but 1 supertags"),
            ("a b N N\n", r"ccg\.train, line 1 has 0 tabs; expected one"),
            ("a\tb\tN\n", r"ccg\.train, line 1 has 2 tabs; expected one"),
            ("a\tN\n\na\tN\n", r"ccg\.train, line 2 has 0 tabs"),
            ("a  b\tN N N\n", r"ccg\.train, line 1 has an empty word or supertag"),
            ("a\tN\n\tN\n", r"ccg\.train, line 2 has an empty word or supertag"),
            ("\n\n", r"ccg\.train is empty; expected at least one line"),
        ],
    )
    def test_a_line_that_does_not_fit(self, tmp_path, text, message):
        write_jiant(tmp_path, train=text)
        with pytest.raises(UserError, match=message):
            ccgbank.read_jiant(tmp_path)

    def test_other_encodings_are_refused(self, tmp_path):
        write_jiant(tmp_path)
        (tmp_path / "ccg.dev").write_bytes("a\tN\ncaf\u00e9\tN\n".encode("latin-1"))
        with pytest.raises(UserError, match=r"ccg\.dev, line 2 is not UTF-8 \(byte 0xe9\)"):
            ccgbank.read_jiant(tmp_path)

    def test_missing_files_are_told_with_what_is_there(self, tmp_path):
        write(tmp_path / "ccg.test", "a\tN\n")
        with pytest.raises(UserError, match=r"has no ccg\.train and no ccg\.dev; it has ccg\.test\. Expected"):
            ccgbank.read_jiant(tmp_path)
        with pytest.raises(UserError, match="it has nothing, because there is no such folder"):
            ccgbank.read_jiant(tmp_path / "absent")


class TestAuto:
    @given(rows=sentences(texts(""), texts("<>")), end=st.sampled_from(["\n", "\r\n"]), blank=st.integers(0, 2))
    @example(rows=[{"tokens": ["(<L", ">)", ")", "(<T"], "tags": ["N", "(N", ")", "."]}], end="\n", blank=0)
    def test_reading_inverts_writing(self, tmp_path_factory, rows, end, blank):
        folder = tmp_path_factory.mktemp("auto")
        write_auto(folder)
        write(folder / "00" / "wsj_0008.auto", auto_text(rows, end) + end * blank)
        assert ccgbank.read_auto(folder)["train"][1 : len(rows) + 1] == rows
        assert all(survives_its_repository(row) for row in rows)

    def test_words_and_supertags_of_a_derivation(self):
        assert ccgbank.parse_derivation(GULLS) == (WORDS, TAGS)

    def test_escapes_stay_as_jiant_leaves_them(self):
        left, right = (f"(<L {tag} -{tag}- -{tag}- -{tag}- {tag}>)" for tag in ("LRB", "RRB"))
        text = rf"(<T NP 0 2> {left} (<T NP 0 2> (<L N CD CD 3\/4 N>) {right} ) ) "
        assert ccgbank.parse_derivation(text) == (["-LRB-", r"3\/4", "-RRB-"], ["LRB", "N", "RRB"])

    @pytest.mark.parametrize("place", ["", "AUTO", "ccgbank_1_1/data/AUTO"])
    def test_sections_are_split_as_in_jiant(self, tmp_path, place):
        write_auto(tmp_path / place)
        splits = ccgbank.read_auto(tmp_path)
        found = {split: [row["tokens"][0] for row in rows] for split, rows in splits.items()}
        assert found["train"] == [f"in-{section:02}" for section in range(19)]
        assert found["dev"] == ["in-19", "in-20", "in-21"]
        assert found["test"] == ["in-22", "in-23", "in-24"]

    def test_a_file_without_sentences(self, tmp_path):
        write_auto(tmp_path)
        write(tmp_path / "19" / "wsj_1900.auto", "")
        assert [row["tokens"][0] for row in ccgbank.read_auto(tmp_path)["dev"]] == ["in-19", "in-20", "in-21"]

    def test_test_may_be_left_out_as_a_whole_only(self, tmp_path):
        write_auto(tmp_path, SECTIONS[:22])
        assert list(ccgbank.read_auto(tmp_path)) == ["train", "dev"]
        write_auto(tmp_path, ["23"])
        with pytest.raises(UserError, match=r"no \.auto files of section 22, 24; found the sections 00, .*, 21, 23\."):
            ccgbank.read_auto(tmp_path)

    def test_a_missing_section_is_named(self, tmp_path):
        write_auto(tmp_path, [section for section in SECTIONS if section not in {"07", "20"}])
        with pytest.raises(
            UserError, match=r"no \.auto files of section 07, 20; .* 00 to 18 \(train\), 19 to 21 \(dev\)"
        ):
            ccgbank.read_auto(tmp_path)

    def test_a_folder_without_derivations_or_with_two_of_them(self, tmp_path):
        write(tmp_path / "readme.txt", "")
        with pytest.raises(UserError, match=r"has no CCGbank derivations; it has readme\.txt\."):
            ccgbank.read_auto(tmp_path)
        for copy in ("a", "b"):
            write_auto(tmp_path / copy / "AUTO", ["00"])
        with pytest.raises(UserError, match=r"has 2 folders AUTO: .*a/AUTO, .*b/AUTO; name one"):
            ccgbank.read_auto(tmp_path)

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("ID=wsj_0001.1\n", "line 2: no derivation after 'ID=wsj_0001.1', found nothing"),
            ("ID=wsj_0001.1\nID=wsj_0001.2\n(<L N X Y a N>)\n", "line 2: no derivation after .*found 'ID=wsj_0001.2'"),
            ("ID=wsj_0001.1\n\n(<L N X Y a N>)\n", "line 2: no derivation after .*found nothing"),
            ("(<L N X Y a N>)\n", r"line 1: expected a line 'ID=\.\.\.', found '\(<L N X Y a N>\)'"),
            (
                "ID=a\n(<L N X Y a N>)\nID=b\n(<T N 1 1> (<L N X Y a N>)\n",
                "line 4: brackets do not match: 1 of the nodes",
            ),
            ("ID=a\n(<T N 1 1> (<L N X a N>) )\n", r"line 2: leaf '\(<L N X a N>\)' has 5 fields; expected 6"),
        ],
    )
    def test_a_damaged_file(self, tmp_path, text, message):
        write_auto(tmp_path)
        write(tmp_path / "05" / "wsj_0507.auto", text)
        with pytest.raises(UserError, match=rf"05/wsj_0507\.auto, {message}"):
            ccgbank.read_auto(tmp_path)

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            (GULLS.replace("(<L N NNS NNS Gulls N>)", "(<L N NNS NNS Gulls N>"), "has .* fields; expected 6"),
            (GULLS.replace("NN NN bread", "NN bread"), r"leaf '\(<L N NN bread N>\)' has 5 fields"),
            (GULLS.replace("bread N>)", "rye bread N>)"), r"leaf '\(<L N NN NN rye bread N>\)' has 7 fields"),
            (GULLS.replace("(<L . . . . .>) ", ". "), r"'\. \)' is neither a node"),
            (f"{GULLS})", r"'\)' stands behind the end of the derivation"),
            (GULLS * 2, r"'\(<T S\[dcl\] 0 2>.*' stands behind the end"),
            (GULLS[:-5], r"leaf '\(<L \. \. \. \. \.' has 6 fields; expected 6 .* and '>\)' behind them"),
            (GULLS.replace("(<T NP 0 1> ", "(<T NP 0 1 ", 1), r"'\(<T NP 0 1 \(<L.*' is neither a node"),
            (GULLS.rstrip()[:-1], "brackets do not match: 1 of the nodes"),
            ("(<T N 1 1> )", "the derivation has no leaf"),
        ],
    )
    def test_a_damaged_derivation(self, text, message):
        with pytest.raises(RowError, match=message):
            ccgbank.parse_derivation(text)
