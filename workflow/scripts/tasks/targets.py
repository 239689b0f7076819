"""The nine XTREME target tasks, one literal each (Hu et al. 2020; languages and metrics as in its evaluate.py)."""

from workflow.scripts.tasks.intermediate import NLI_LABELS
from workflow.scripts.tasks.languages import codes
from workflow.scripts.tasks.parallel_schemas import PoolSchema, SentencePairSchema
from workflow.scripts.tasks.schemas import PairSchema, SpanSchema, TaggingSchema
from workflow.scripts.tasks.task import Family, Origin, Role, Task

XTREME = "google/xtreme"

UPOS_TAGS = codes("ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X")
ENTITY_TAGS = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")

XNLI = Task(
    name="xnli",
    title="XNLI",
    family=Family.CLASSIFICATION,
    role=Role.TARGET,
    schema=PairSchema(
        text_a="sentence1",
        text_b="sentence2",
        label="gold_label",
        classes=NLI_LABELS,
        named=True,
        language="language",
    ),
    test=(Origin(repository=XTREME, config="XNLI", split="test"),),
    labels=NLI_LABELS,
    languages=codes("en ar bg de el es fr hi ru sw th tr ur vi zh"),
    train_task="mnli",
    metrics=("accuracy",),
    laboratory="entailment",
    sizes={"test": 5_010},
    licence="CC BY-NC 4.0",
    citation="Conneau et al. 2018, XNLI: Evaluating Cross-lingual Sentence Representations",
)

PAWSX = Task(
    name="pawsx",
    title="PAWS-X",
    family=Family.CLASSIFICATION,
    role=Role.TARGET,
    schema=PairSchema(text_a="sentence1", text_b="sentence2", classes=("0", "1"), named=True, lenient=True),
    train=(Origin(repository=XTREME, config="PAWS-X.en", split="train"),),
    dev=(Origin(repository=XTREME, config="PAWS-X.en", split="validation"),),
    test=(Origin(repository=XTREME, config="PAWS-X.{language}", split="test"),),
    labels=("0", "1"),
    languages=codes("en de es fr ja ko zh"),
    metrics=("accuracy",),
    laboratory="role_swap",
    sizes={"train": 49_401, "dev": 2_000, "test": 2_000},
    licence="free use with attribution to Google LLC",
    citation="Yang et al. 2019, PAWS-X: A Cross-lingual Adversarial Dataset for Paraphrase Identification",
)

UDPOS = Task(
    name="udpos",
    title="POS",
    family=Family.TAGGING,
    role=Role.TARGET,
    schema=TaggingSchema(tags="pos_tags", classes=UPOS_TAGS),
    train=(Origin(repository=XTREME, config="udpos.English", split="train"),),
    dev=(Origin(repository=XTREME, config="udpos.English", split="validation"),),
    test=(Origin(repository=XTREME, config="udpos.{name}", split="test"),),
    labels=UPOS_TAGS,
    languages=codes(
        "en af ar bg de el es et eu fa fi fr he hi hu id it ja kk ko mr nl pt ru ta te th tl tr ur vi yo zh"
    ),
    scorers=("chunk_f1_syntactic_words", "token_accuracy", "chunk_f1_seqeval_0_0_12"),
    metrics=("f1",),
    laboratory="part_of_speech",
    sizes={"train": 21_253, "dev": 3_974},
    licence="by treebank",
    citation="Nivre et al. 2018, Universal Dependencies 2.5",
)

PANX = Task(
    name="panx",
    title="NER",
    family=Family.TAGGING,
    role=Role.TARGET,
    schema=TaggingSchema(tags="ner_tags", classes=ENTITY_TAGS),
    train=(Origin(repository=XTREME, config="PAN-X.en", split="train"),),
    dev=(Origin(repository=XTREME, config="PAN-X.en", split="validation"),),
    test=(Origin(repository=XTREME, config="PAN-X.{language}", split="test"),),
    labels=ENTITY_TAGS,
    languages=codes(
        "en af ar bg bn de el es et eu fa fi fr he hi hu id it ja jv ka kk "
        "ko ml mr ms my nl pt ru sw ta te th tl tr ur vi yo zh"
    ),
    metrics=("f1",),
    laboratory="entities",
    sizes={"train": 20_000, "dev": 10_000},
    licence="ODC-BY",
    citation="Pan et al. 2017, Cross-lingual Name Tagging and Linking for 282 Languages",
)

XQUAD = Task(
    name="xquad",
    title="XQuAD",
    family=Family.SPAN,
    role=Role.TARGET,
    schema=SpanSchema(),
    test=(Origin(repository=XTREME, config="XQuAD.{language}", split="validation"),),
    languages=codes("en ar de el es hi ru th tr vi zh"),
    train_task="squad_v1",
    metrics=("f1", "exact_match"),
    laboratory="reading",
    sizes={"test": 1_190},
    licence="CC BY-SA 4.0",
    citation="Artetxe et al. 2020, On the Cross-lingual Transferability of Monolingual Representations",
)

MLQA = Task(
    name="mlqa",
    title="MLQA",
    family=Family.SPAN,
    role=Role.TARGET,
    schema=SpanSchema(),
    test=(Origin(repository=XTREME, config="MLQA.{language}.{language}", split="test"),),
    languages=codes("en ar de es hi vi zh"),
    train_task="squad_v1",
    scorers=("mlqa",),
    metrics=("f1", "exact_match"),
    laboratory="reading",
    sizes={
        "test": {"en": 11_590, "es": 5_253, "de": 4_517, "ar": 5_335, "hi": 4_918, "vi": 5_495, "zh": 5_137},
    },
    licence="CC BY-SA 3.0",
    citation="Lewis et al. 2020, MLQA: Evaluating Cross-lingual Extractive Question Answering",
)

TYDIQA = Task(
    # The repository mixes nine languages; only the English rows train (3,696 of 49,881; jiant's downloader took all).
    name="tydiqa",
    title="TyDiQA",
    family=Family.SPAN,
    role=Role.TARGET,
    schema=SpanSchema(language_prefix=True),
    train=(Origin(repository=XTREME, config="tydiqa", split="train"),),
    test=(Origin(repository=XTREME, config="tydiqa", split="validation"),),
    languages=codes("en ar bn fi id ko ru sw te"),
    metrics=("f1", "exact_match"),
    laboratory="information_seeking",
    sizes={
        "train": 3_696,
        "test": {
            **{"ar": 921, "bn": 113, "en": 440, "fi": 782, "id": 565},
            **{"ko": 276, "ru": 812, "sw": 499, "te": 669},
        },
    },
    licence="Apache-2.0",
    citation="Clark et al. 2020, TyDi QA (gold passage task)",
)

BUCC2018 = Task(
    name="bucc2018",
    title="BUCC",
    family=Family.MINING,
    role=Role.TARGET,
    schema=PoolSchema(),
    dev=(Origin(repository="mteb/BUCC", config="{language}-en", split="sample"),),
    test=(Origin(repository="mteb/BUCC", config="{language}-en", split="test"),),
    languages=codes("de fr ru zh"),
    metrics=("f1",),
    laboratory="mining",
    licence="research use (BUCC 2018 shared task)",
    citation="Zweigenbaum et al. 2018, Overview of the Third BUCC Shared Task",
)

TATOEBA_PAIRS = {
    **dict.fromkeys(
        codes("af ar bg bn de el es et eu fa fi fr he hi hu id it ja ko mr nl pt ru tl tr ur vi zh"), 1_000
    ),
    **{"ka": 746, "ml": 687, "kk": 575, "th": 548, "sw": 390, "ta": 307, "te": 234, "jv": 205},
}

TATOEBA = Task(
    name="tatoeba",
    title="Tatoeba",
    family=Family.RETRIEVAL,
    role=Role.TARGET,
    schema=SentencePairSchema(),
    test=(Origin(repository=XTREME, config="tatoeba.{iso639_3}", split="validation"),),
    languages=codes(
        "af ar bg bn de el es et eu fa fi fr he hi hu id it ja jv ka kk ko ml mr nl pt ru sw ta te th tl tr ur vi zh"
    ),
    metrics=("accuracy",),
    laboratory="translation",
    sizes={"test": TATOEBA_PAIRS},
    licence="CC BY 2.0 FR",
    citation="Artetxe and Schwenk 2019, Massively Multilingual Sentence Embeddings for Zero-Shot Transfer",
)

TARGET_TASKS = (XNLI, PAWSX, UDPOS, PANX, XQUAD, MLQA, TYDIQA, BUCC2018, TATOEBA)
