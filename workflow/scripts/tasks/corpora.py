"""Plain and parallel text for masked-language-model training, one literal each."""

from workflow.scripts.tasks.parallel_schemas import DocumentSchema, TranslationSchema
from workflow.scripts.tasks.task import Family, Origin, Role, Task

WIKIPEDIA = Task(
    name="wikipedia",
    title="Wikipedia",
    family=Family.TEXT,
    role=Role.CORPUS,
    schema=DocumentSchema(),
    train=(Origin(repository="wikimedia/wikipedia", config="20231101.{language}", split="train"),),
    laboratory="documents",
    licence="CC BY-SA 3.0 and GFDL",
    citation="Wikimedia Foundation, Wikimedia Downloads",
)

OPUS100 = Task(
    # Translation language modelling (Conneau and Lample 2019): both sides of a pair in one row.
    name="opus100",
    title="OPUS-100",
    family=Family.TEXT,
    role=Role.CORPUS,
    schema=TranslationSchema(),
    train=(Origin(repository="Helsinki-NLP/opus-100", config="{pair}", split="train"),),
    laboratory="translations",
    licence="by corpus",
    citation="Zhang et al. 2020, Improving Massively Multilingual Neural Machine Translation",
)

CORPORA = (WIKIPEDIA, OPUS100)
