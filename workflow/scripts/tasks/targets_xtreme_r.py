"""The XTREME-R target tasks that XTREME does not have in this form, one literal each (Ruder et al. 2021).

Where a benchmark only gained languages, what its XTREME literal says holds here too, and other repositories have the
added languages. Languages as in google-research/xtreme's evaluate.py; the two tasks for which a dual encoder is trained
stand in `ranking_targets.py`. XNLI, MLQA and TyDiQA are those of `targets.py`.
"""

from dataclasses import replace

from workflow.scripts.tasks.choice_schemas import AlternativesSchema
from workflow.scripts.tasks.intermediate import CONVERTED
from workflow.scripts.tasks.languages import codes
from workflow.scripts.tasks.parallel_schemas import TranslationPairSchema
from workflow.scripts.tasks.targets import ENTITY_TAGS, PANX, TATOEBA, TATOEBA_PAIRS, UDPOS, UPOS_TAGS, XQUAD, XTREME
from workflow.scripts.tasks.task import Family, Origin, Role, Task
from workflow.scripts.tasks.treebank_schemas import TreebankSchema

TREEBANKS = codes("lt_alksnis lt_hse pl_lfg pl_pdb pl_pud ro_nonstandard ro_rrt ro_simonero uk_iu wo_wtb")
"""All treebanks of Universal Dependencies 2.7 in the added languages (xtreme's download_data.sh joins them)."""

XCOPA = Task(
    # No English: its test labels are not public. The paper's two steps of training are the official protocol.
    name="xcopa",
    title="XCOPA",
    family=Family.MULTIPLE_CHOICE,
    role=Role.TARGET,
    schema=AlternativesSchema(),
    test=(Origin(repository="cambridgeltl/xcopa", config="{language}", split="test"),),
    languages=codes("et ht id it qu sw ta th tr vi zh"),
    train_task="copa",
    official_train_tasks=("siqa", "copa"),
    metrics=("accuracy",),
    laboratory="cause_effect",
    sizes={"test": 500},
    licence="CC BY 4.0",
    citation="Ponti et al. 2020, XCOPA: A Multilingual Dataset for Causal Commonsense Reasoning",
)

UDPOS38 = Task(
    name="udpos38",
    title="POS-38",
    family=Family.TAGGING,
    role=Role.TARGET,
    schema=TreebankSchema(tags="pos_tags", classes=UPOS_TAGS),
    test=(
        Origin(repository=XTREME, config="udpos.{name}", split="test", languages=UDPOS.languages),
        *(
            Origin(
                repository="universal-dependencies/universal_dependencies",
                config=treebank,
                split="test",
                revision=CONVERTED,
                languages=(treebank.partition("_")[0],),
            )
            for treebank in TREEBANKS
        ),
    ),
    labels=UPOS_TAGS,
    languages=(*UDPOS.languages, *codes("lt pl uk wo ro")),
    train_task="udpos",
    scorers=UDPOS.scorers,
    metrics=("f1",),
    laboratory="part_of_speech",
    licence="by treebank",
    citation="Nivre et al. 2018, Universal Dependencies 2.5; Zeman et al. 2020, Universal Dependencies 2.7",
)

PANX48 = replace(
    PANX,
    name="panx48",
    title="NER-48",
    train=(),
    dev=(),
    test=(
        Origin(repository=XTREME, config="PAN-X.{language}", split="test", languages=PANX.languages),
        Origin(
            repository="unimelb-nlp/wikiann",
            config="{language}",
            split="test",
            languages=codes("qu pl uk az lt pa gu ro"),
        ),
    ),
    labels=ENTITY_TAGS,
    languages=(*PANX.languages, *codes("qu pl uk az lt pa gu ro")),
    train_task="panx",
    sizes={},
)

XQUAD12 = replace(
    XQUAD,
    name="xquad12",
    title="XQuAD-12",
    test=(
        Origin(repository=XTREME, config="XQuAD.{language}", split="validation", languages=XQUAD.languages),
        Origin(repository="google/xquad", config="xquad.{language}", split="validation", languages=("ro",)),
    ),
    languages=(*XQUAD.languages, "ro"),
)

TATOEBA41 = replace(
    # Officially no longer zero-shot: sentences are compared in a model that was fine-tuned on SQuAD v1.1.
    TATOEBA,
    name="tatoeba41",
    title="Tatoeba-41",
    schema=TranslationPairSchema(),
    test=(
        Origin(repository=XTREME, config="tatoeba.{iso639_3}", split="validation", languages=TATOEBA.languages),
        Origin(
            repository="mteb/tatoeba-bitext-mining",
            config="{iso639_3}-eng",
            split="test",
            revision=CONVERTED,
            languages=codes("az lt pl uk ro"),
        ),
    ),
    languages=(*TATOEBA.languages, *codes("az lt pl uk ro")),
    official_train_tasks=("squad_v1",),
    sizes={"test": TATOEBA_PAIRS | dict.fromkeys(codes("az lt pl uk ro"), 1_000)},
)

XTREME_R_TARGETS = (XCOPA, UDPOS38, PANX48, XQUAD12, TATOEBA41)
