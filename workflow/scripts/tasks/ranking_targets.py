"""The two retrieval tasks of XTREME-R for which a dual encoder is trained (Ruder et al. 2021), one literal each."""

from workflow.scripts.tasks.intermediate import CONVERTED
from workflow.scripts.tasks.languages import codes
from workflow.scripts.tasks.ranking_schemas import AnswerSentenceSchema, EntityLinkingSchema
from workflow.scripts.tasks.task import Family, Origin, Role, Task

SQUAD = "rajpurkar/squad"
MEWSLI_X = "izhx/mewsli-x"

LAREQA = Task(
    # The Hub's XQuAD-R has no sentence boundaries; a user's own copy of the original files has (`local_formats`).
    name="lareqa",
    title="LAReQA",
    family=Family.RANKING,
    role=Role.TARGET,
    schema=AnswerSentenceSchema(),
    train=(Origin(repository=SQUAD, config="plain_text", split="train"),),
    dev=(Origin(repository=SQUAD, config="plain_text", split="validation"),),
    test=(Origin(repository="google-research-datasets/xquad_r", config="{language}", split="validation"),),
    languages=codes("en ar de el es hi ru th tr vi zh"),
    metrics=("map_at_20",),
    laboratory="answer_retrieval",
    sizes={"train": 87_599, "dev": 10_570, "test": 1_190},
    licence="CC BY-SA 4.0",
    citation="Roy et al. 2020, LAReQA: Language-Agnostic Answer Retrieval from a Multilingual Pool",
)

MEWSLIX = Task(
    name="mewslix",
    title="Mewsli-X",
    family=Family.RANKING,
    role=Role.TARGET,
    schema=EntityLinkingSchema(),
    train=(Origin(repository=MEWSLI_X, config="wikipedia_pairs", split="train", revision=CONVERTED),),
    dev=(Origin(repository=MEWSLI_X, config="wikipedia_pairs", split="validation", revision=CONVERTED),),
    test=(
        Origin(repository=MEWSLI_X, config="{language}", split="test"),
        Origin(repository=MEWSLI_X, config="candidate_entities", split="test", revision=CONVERTED),
    ),
    languages=codes("en ar de es fa ja pl ro ta tr uk"),
    metrics=("map_at_20",),
    laboratory="entity_linking",
    sizes={"train": 167_719, "dev": 14_051},
    licence="Apache-2.0",
    citation="Ruder et al. 2021, XTREME-R: Towards More Challenging and Nuanced Multilingual Evaluation",
)

RANKING_TARGETS = (LAREQA, MEWSLIX)
