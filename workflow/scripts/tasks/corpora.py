"""Plain and parallel text for masked-language-model training, one literal each."""

from workflow.scripts.tasks.languages import NATURAL_LANGUAGES
from workflow.scripts.tasks.parallel_schemas import DocumentSchema, TranslationSchema
from workflow.scripts.tasks.task import SOURCE_LANGUAGE, Family, Origin, Role, Task

WIKIPEDIA = Task(
    name="wikipedia",
    title="Wikipedia",
    family=Family.TEXT,
    role=Role.CORPUS,
    schema=DocumentSchema(),
    # one file holds 100,000 to 300,000 articles, more than any study of this kind draws from a language
    train=(Origin(repository="wikimedia/wikipedia", config="20231101.{language}", split="train", first=1),),
    languages=tuple(NATURAL_LANGUAGES),
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
    languages=tuple(code for code in NATURAL_LANGUAGES if code != SOURCE_LANGUAGE),
    laboratory="translations",
    licence="by corpus",
    citation="Zhang et al. 2020, Improving Massively Multilingual Neural Machine Translation",
)

SENTENCES = Task(
    # A user's own text: one Parquet file a language with a column `text`, in the folder `text` of a mirror.
    name="sentences",
    title="Sentences",
    family=Family.TEXT,
    role=Role.CORPUS,
    schema=DocumentSchema(),
    train=(Origin(repository="text", config="{language}", split="train", files="{language}.parquet"),),
    languages=tuple(NATURAL_LANGUAGES),
    laboratory="documents",
    licence="the user's",
    citation="the user's",
)

TRANSLATIONS = Task(
    # Likewise for translation pairs: a column for each of the two codes, in `text/parallel`.
    name="translations",
    title="Translations",
    family=Family.TEXT,
    role=Role.CORPUS,
    schema=TranslationSchema(),
    train=(Origin(repository="text", config="{pair}", split="train", files="parallel/{pair}.parquet"),),
    languages=tuple(code for code in NATURAL_LANGUAGES if code != SOURCE_LANGUAGE),
    laboratory="translations",
    licence="the user's",
    citation="the user's",
)

CORPORA = (WIKIPEDIA, OPUS100, SENTENCES, TRANSLATIONS)
