"""Machine translation of tasks, with small random models: rows, repetitions, resumption and refusals."""

import json
import shutil

import pyarrow as pa
import pytest
import sentencepiece
import torch
from transformers import (
    MarianConfig,
    MarianMTModel,
)

from tests.checkpoints import TRANSLATED, WORDS, save_translator
from workflow.scripts import translate_task
from workflow.scripts.errors import UserError
from workflow.scripts.files import read_json, read_table, sha256, write_json, write_table
from workflow.scripts.modeling import translation
from workflow.scripts.modeling.translation import Translator
from workflow.scripts.sources.canonical import to_table
from workflow.scripts.tasks import Family

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def translators(tmp_path_factory):
    folder = tmp_path_factory.mktemp("translators")
    return {code: save_translator(folder / code, seed) for seed, code in enumerate(("de", "ru"), start=1)}


@pytest.fixture
def questions(tmp_path):
    """Pairs of questions: 12 rows, one of them not English, one with an empty question, with few distinct texts."""
    texts = [
        " ".join(WORDS[start : start + length]) for start, length in ((0, 3), (3, 5), (8, 2), (10, 20), (4, 4), (9, 1))
    ]
    rows = [
        {
            "id": f"en-{n}",
            "language": "en",
            "text_a": texts[n % 6],
            "text_b": texts[(n + 1) % 6],
            "label": LABELS[n % 2],
        }
        for n in range(11)
    ]
    rows[5]["text_b"] = ""
    rows.append({"id": "fr-0", "language": "fr", "text_a": "w39", "text_b": "w39", "label": LABELS[0]})
    path = tmp_path / "data/qqp/train.parquet"
    write_table(path, to_table(Family.CLASSIFICATION, rows))
    write_json(path.with_suffix(".json"), {"warnings": ["a sample"], "origins": [{"repository": "nyu-mll/glue"}]})
    return path


LABELS = ("not_duplicate", "duplicate")


@pytest.fixture
def translate(tmp_path, translators, monkeypatch):
    """Return a function that runs the program and returns its rows and statistics; remembers what was translated."""
    monkeypatch.setattr(translate_task, "PART", 4)
    asked, translated = [], Translator.translate

    def remember(self, texts):
        if translate_run.stop_after is not None and len(asked) >= translate_run.stop_after:
            raise SystemExit(143)
        asked.append(list(texts))
        return translated(self, texts)

    monkeypatch.setattr(Translator, "translate", remember)

    def translate_run(source, *, task="qqp-translated", languages=("de", "ru"), name="out", beams=2, given=None):
        spec = {"version": 1, "beams": beams, "task": {"train_languages": languages}}
        for code, folder in (given or translators).items():
            link = tmp_path / "translators" / code
            link.parent.mkdir(exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(folder)
        cards = [str(tmp_path / "translators" / code / "run.json") for code in (given or translators)]
        out = tmp_path / name / "train.parquet"
        files = ["--source", source, "--table", out, "--statistics", out.with_suffix(".json")]
        options = ["--task", task, "--split", "train", "--spec", json.dumps(spec), "--state", tmp_path / "state"]
        assert translate_task.main([*map(str, [*options, *files]), "--models", *cards]) == 0
        return read_table(out).to_pylist(), read_json(out.with_suffix(".json"))

    translate_run.stop_after = None
    translate_run.asked = asked
    return translate_run


def test_rows_are_in_the_other_languages_and_labels_are_kept(translate, questions, translators):
    rows, facts = translate(questions)
    english = read_table(questions).to_pylist()[:11]
    assert [row["id"] for row in rows] == [f"{code}-{n}" for code in ("de", "ru") for n in range(11)]
    assert [row["label"] for row in rows] == 2 * [row["label"] for row in english]
    models = {code: Translator(folder, beams=2, device=CPU) for code, folder in translators.items()}
    for row, original in zip(rows, 2 * english, strict=True):
        for column in ("text_a", "text_b"):
            if not original[column]:
                assert row[column] == ""
                continue
            made = models[row["language"]].translate([original[column]])[0]
            assert row[column] == made.text != original[column]
    assert facts["languages"] == {"de": 11, "ru": 11}
    assert facts["labels"] == {"duplicate": 10, "not_duplicate": 12}
    assert (facts["warnings"], facts["origins"]) == (["a sample"], [{"repository": "nyu-mll/glue"}])
    assert facts["missing_languages"] == []


def test_a_text_is_translated_once_for_each_language(translate, questions):
    _, facts = translate(questions)
    for batches in (translate.asked[:2], translate.asked[2:]):
        texts = [text for batch in batches for text in batch]
        assert len(texts) == len(set(texts)) == 6
        assert "w39" not in texts
    assert [model["texts"] for model in facts["translation"].values()] == [6, 6]


def test_the_second_run_gives_the_same_bytes(translate, questions, tmp_path):
    first, second = translate(questions), translate(questions, name="again")
    assert first == second
    assert sha256(tmp_path / "out/train.parquet") == sha256(tmp_path / "again/train.parquet") == first[1]["sha256"]
    assert not any((tmp_path / "state").iterdir())


def test_a_run_that_was_stopped_goes_on_where_it_was(translate, questions, tmp_path):
    whole = translate(questions)
    translate.asked.clear()
    translate.stop_after = 3
    with pytest.raises(SystemExit):
        translate(questions, name="resumed")
    assert not (tmp_path / "resumed").exists()
    translate.stop_after = None
    assert translate(questions, name="resumed") == whole
    assert len(translate.asked) == 4
    assert not any((tmp_path / "state").iterdir())


def test_a_state_of_another_model_is_not_taken(translate, questions, translators):
    whole, _ = translate(questions)
    translate.stop_after = len(translate.asked) + 3
    with pytest.raises(SystemExit):
        translate(questions)
    translate.stop_after = None
    swapped = {"de": translators["ru"], "ru": translators["de"]}
    rows, _ = translate(questions, given=swapped)
    assert [row["text_a"] for row in rows] == [row["text_a"] for row in [*whole[11:], *whole[:11]]]


def test_long_texts_are_cut_and_counted(translate, questions):
    _, facts = translate(questions)
    assert {code: model["cut"] for code, model in facts["translation"].items()} == {"de": 1, "ru": 1}
    assert facts["repairs"]["texts cut before translation, because the model takes no longer ones"] == 2


def test_only_a_text_that_does_not_fit_is_cut(translators):
    translator = Translator(translators["de"], beams=1, device=CPU)
    fits, larger = " ".join(WORDS[: TRANSLATED - 1]), " ".join(WORDS[:TRANSLATED])
    assert [found.cut for found in translator.translate([fits, larger, larger + " w0"])] == [False, True, True]


def test_the_order_of_texts_changes_nothing(translators):
    translator = Translator(translators["ru"], beams=3, device=CPU)
    texts = [" ".join(WORDS[n : n + length]) for n, length in ((0, 9), (5, 2), (7, 5), (1, 1), (2, 7))]
    expected = [translator.translate([text])[0] for text in texts]
    assert translator.translate(texts) == expected
    assert translator.translate(texts[::-1]) == expected[::-1]
    assert len({found.text for found in expected}) > 1


def test_texts_of_similar_length_share_a_batch_that_fits_on_the_device(translators, monkeypatch):
    translator, batches = Translator(translators["ru"], beams=2, device=CPU), []
    monkeypatch.setattr(translation, "token_budget", lambda device: 48)
    monkeypatch.setattr(
        Translator, "_generate", lambda self, sequences: batches.append(sequences) or [("x", False)] * len(sequences)
    )
    lengths = (1, 9, 2, 8, 3, 7, 1, 1)
    translator.translate([" ".join(WORDS[:length]) for length in lengths])
    assert [[len(sequence) - 1 for sequence in batch] for batch in batches] == [[9, 8], [7, 3, 2], [1] * 3]


def test_a_translation_that_never_ends_is_counted(translators):
    translator = Translator(translators["de"], beams=1, device=CPU)
    translator.model.lm_head.weight = torch.nn.Parameter(translator.model.lm_head.weight.detach().clone())
    translator.model.final_logits_bias[0, 2] = -1e9
    assert translator.translate(["w1"])[0].unfinished
    translator.model.final_logits_bias[0, 2] = 1e9
    found = translator.translate(["w1"])[0]
    assert (found.text, found.unfinished) == ("", False)


def test_an_empty_translation_leaves_the_english_text(translate, questions, monkeypatch):
    monkeypatch.setattr(Translator, "_generate", lambda self, sequences: [("", False)] * len(sequences))
    rows, facts = translate(questions)
    assert [row["text_a"] for row in rows[:11]] == [row["text_a"] for row in read_table(questions).to_pylist()[:11]]
    assert facts["repairs"]["texts kept in English, because their translation is empty"] == 12


def test_every_choice_is_translated(translate, tmp_path):
    rows = [
        {"id": f"en-{n}", "language": "en", "text_a": "w0 w1", "choices": [f"w{n}", "w5 w6", "w0 w1"], "label": n % 3}
        for n in range(4)
    ]
    path = tmp_path / "data/hellaswag/train.parquet"
    write_table(path, to_table(Family.MULTIPLE_CHOICE, rows))
    translated, facts = translate(path, task="hellaswag-translated", languages=("ru",))
    assert [row["label"] for row in translated] == [0, 1, 2, 0]
    assert facts["translation"]["ru"]["texts"] == 6
    for row in translated:
        assert len(row["choices"]) == 3
        assert row["choices"][2] == row["text_a"] != "w0 w1"


def test_tasks_with_labels_inside_the_text_are_refused(translate, questions):
    with pytest.raises(UserError, match=r"'squad_v1' cannot be .*'span' point into the text.*classification or multi"):
        translate(questions, task="squad_v1")
    assert translate.asked == []


def test_what_is_missing_is_told(translate, questions, translators, tmp_path):
    with pytest.raises(UserError, match=r"no translation model for 'sw'; .* de, ru\..* translation\.models\.sw"):
        translate(questions, languages=("de", "sw"))
    table = read_table(questions)
    write_table(questions, table.slice(11))
    with pytest.raises(UserError, match="has no English rows"):
        translate(questions)
    write_table(questions, table.drop_columns(["text_b"]))
    with pytest.raises(UserError, match="lacks the column text_b"):
        translate(questions)
    (tmp_path / "empty").mkdir()
    write_table(questions, table)
    with pytest.raises(UserError, match=r"no checkpoint: it has no config\.json"):
        translate(questions, given={"de": tmp_path / "empty", "ru": translators["ru"]})


def test_models_in_the_layout_of_opus_mt_translate(tmp_path):
    text, folder = tmp_path / "text", tmp_path / "opus-mt-en-de"
    text.write_text("\n".join(" ".join(WORDS[n : n + 4]) for n in range(30)))
    folder.mkdir()
    prefix = str(folder / "source")
    sentencepiece.SentencePieceTrainer.train(
        input=str(text), model_prefix=prefix, vocab_size=60, hard_vocab_limit=False, minloglevel=2
    )
    shutil.copy(folder / "source.model", folder / "target.spm")
    (folder / "source.model").rename(folder / "source.spm")
    pieces = [line.split("\t")[0] for line in (folder / "source.vocab").read_text().splitlines()]
    own = dict.fromkeys(["</s>", "<unk>", *(piece for piece in pieces if piece not in ("<s>",)), "<pad>"])
    write_json(folder / "vocab.json", {piece: index for index, piece in enumerate(own)})
    write_json(folder / "tokenizer_config.json", {"source_lang": "en", "target_lang": "de", "model_max_length": 64})
    size = {"d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "max_position_embeddings": 64}
    heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 2, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16}
    ends = {"pad_token_id": len(own) - 1, "decoder_start_token_id": len(own) - 1, "eos_token_id": 0}
    torch.manual_seed(0)
    MarianMTModel(MarianConfig(vocab_size=len(own), max_length=12, **size, **heads, **ends)).save_pretrained(folder)
    translator = Translator(folder, beams=2, device=CPU)
    first, second = (translator.translate([" ".join(WORDS[:3]), WORDS[5]]) for _ in range(2))
    assert first == second
    assert len(first) == 2


def test_distinct_texts_are_the_longest_first():
    table = pa.table({"text_a": ["w1", "w1 w2 w3", None], "text_b": [" ", "w1", "w1 w2"]})
    assert translate_task.distinct_texts(table) == ["w1 w2 w3", "w1 w2", "w1"]
