"""The setting `models.<name>.attention`: what it changes in specifications, what is refused, and fetched decoders."""

import json
from copy import deepcopy

import pytest
import torch

from tests.checkpoints import END_OF_TEXT, save_qwen2, save_xlmr
from tests.unit.smoke import SMOKE
from workflow.scripts import fetch_model
from workflow.scripts.errors import UserError
from workflow.scripts.features.segments import Segmenter
from workflow.scripts.files import read_json
from workflow.scripts.modeling.checkpoints import load_encoder, load_language_model
from workflow.scripts.modeling.decoders import attention_of
from workflow.scripts.specifications import Specifications
from workflow.scripts.study import Study


def with_decoder(attention="causal", tokenizer="others", **model):
    config = deepcopy(SMOKE)
    config["tokenizers"]["others"] = config["tokenizers"]["subwords"]
    config["models"]["generator"] = config["models"]["nano"] | {"attention": attention, "tokenizer": tokenizer} | model
    return config


def specify(config):
    return Specifications(Study(config))


def test_specifications_of_encoders_know_nothing_of_it():
    before, after = specify(SMOKE), specify(with_decoder())
    for name, *values in (
        ("pretraining_spec", "nano"),
        ("intermediate_spec", "nano", "mnli", "1"),
        ("finetuning_spec", "nano", "udpos", "1"),
        ("tokenize_spec", "udpos", "subwords"),
    ):
        assert getattr(before, name)(*values) == getattr(after, name)(*values)
        assert not {"decoder", "attention"} & json.loads(getattr(after, name)(*values)).keys()
    assert '"attention"' not in before.report_spec()
    explicit = deepcopy(SMOKE)
    explicit["models"]["nano"]["attention"] = "bidirectional"
    assert specify(explicit).report_spec() == before.report_spec()


def test_every_training_of_a_decoder_names_it():
    specs = specify(with_decoder("echo", architecture={"max_positions": 256}))
    for text in (
        specs.pretraining_spec("generator"),
        specs.intermediate_spec("generator", "mnli", "1"),
        specs.finetuning_spec("generator", "udpos", "1"),
    ):
        assert json.loads(text)["attention"] == "echo"
    assert json.loads(specs.tokenize_spec("udpos", "others"))["decoder"] is True
    assert '"attention":"echo"' in specs.report_spec()


def test_a_checkpoints_identity_names_it():
    model = {"checkpoint": "Qwen/Qwen2.5-7B"}
    config = SMOKE | {"models": {"qwen": model | {"attention": "unlocked"}}}
    assert json.loads(specify(config).checkpoint_spec("qwen"))["attention"] == "unlocked"
    assert "attention" not in specify(SMOKE | {"models": {"qwen": model}}).checkpoint_spec("qwen")


def test_adapters_have_default_modules_by_kind():
    given = with_decoder(adapter={"rank": 4})
    adapter = json.loads(specify(given).finetuning_spec("generator", "udpos", "1"))["adapter"]
    assert adapter == {"rank": 4, "modules": ["q_proj", "v_proj"]}
    chosen = specify(with_decoder(adapter={"modules": ["o_proj"]})).study.settings["models"]["generator"]["adapter"]
    assert chosen["modules"] == ["o_proj"]
    encoder = specify(SMOKE | {"models": {"nano": SMOKE["models"]["nano"] | {"adapter": {"rank": 4}}}})
    assert "modules" not in json.loads(encoder.finetuning_spec("nano", "udpos", "1"))["adapter"]
    assert encoder.study.settings["models"]["nano"]["adapter"]["modules"] == ["query", "value"]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (with_decoder("casual"), r"attention = 'casual' is not possible.*Did you mean 'causal'"),
        (with_decoder(tokenizer="subwords"), "nano and models.generator have one tokenizer, 'subwords'"),
        (
            with_decoder("echo", architecture={"max_positions": 255}),
            "allows 128 tokens, given twice, but models.generator.architecture.max_positions = 255",
        ),
        (
            with_decoder(architecture={"hidden_size": 18, "attention_heads": 2, "layers": 1}),
            "heads of 9 dimensions",
        ),
    ],
)
def test_what_cannot_be_is_told(config, message):
    with pytest.raises(UserError, match=message):
        Study(config)


@pytest.fixture(scope="module")
def texts(world):
    return [row["text_a"] for row in world.rows("documents", split="train", languages=["en"], examples=60)]


@pytest.fixture(scope="module")
def qwen(texts, tmp_path_factory):
    return save_qwen2(tmp_path_factory.mktemp("checkpoint") / "qwen", texts)


def fetch(source, folder, attention=None):
    spec = {"version": 1} | ({"attention": attention} if attention else {})
    names = ["--model", "mine", "--spec", json.dumps(spec), "--checkpoints", json.dumps({"mine": str(source)})]
    places = ["--run", str(folder / "model/run.json"), "--tokenizer", str(folder / "tokenizer/tokenizer.json")]
    fetch_model.main([*names, *places, "--lock", str(folder / "lock.yaml"), "--log", str(folder / "log")])
    return folder / "model", read_json(folder / "model/run.json")


@pytest.mark.parametrize("attention", ["causal", "unlocked", "echo"])
def test_a_causal_checkpoint_becomes_a_model_of_the_study(qwen, tmp_path, attention):
    folder, card = fetch(qwen, tmp_path, attention)
    loaded, whole = load_encoder(folder), load_language_model(folder)
    assert attention_of(loaded.config) == attention_of(whole.config) == attention
    ids = torch.tensor([[5, 6, 7]])
    with torch.no_grad():
        assert torch.equal(loaded.eval()(ids)[0], load_encoder(qwen).eval()(ids)[0])
        assert torch.equal(whole.lm_head.weight, whole.model.embed_tokens.weight)  # tied, and not in the file
    assert card["model"]["attention"] == attention
    assert (card["model"]["model_type"], card["model"]["language_model_head"]) == ("qwen2", True)
    assert card["spec"]["attention"] == attention
    end = Segmenter(folder / "tokenizer.json").tokenizer.token_to_id(END_OF_TEXT)
    assert Segmenter(folder / "tokenizer.json", decoder=True).token_ids().pad == end
    assert "no padding token; '<|endoftext|>' is used" in (tmp_path / "log").read_text()


def test_kinds_of_checkpoints_and_settings_belong_together(qwen, texts, tmp_path):
    with pytest.raises(UserError, match=r"causal language model \('qwen2'\); set models\.<name>\.attention to causal"):
        fetch(qwen, tmp_path)
    encoder = save_xlmr(tmp_path / "xlmr", texts)
    with pytest.raises(UserError, match=r"of an encoder \('xlm-roberta'\).*attention = unlocked; leave the key out"):
        fetch(encoder, tmp_path, "unlocked")


def test_pickled_weights_are_refused(qwen, texts, tmp_path):
    save_qwen2(tmp_path / "pickled", texts)
    (tmp_path / "pickled/model.safetensors").rename(tmp_path / "pickled/pytorch_model.bin")
    with pytest.raises(UserError, match="pickled weights can run code"):
        fetch(tmp_path / "pickled", tmp_path, "causal")
