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

NEWS = Task(
    # The script of the repository is not run: its conversion to Parquet has one folder a language.
    name="news",
    title="CC-News",
    family=Family.TEXT,
    role=Role.CORPUS,
    schema=DocumentSchema(text="maintext"),
    train=(
        Origin(
            repository="intfloat/multilingual_cc_news",
            config="{language}",
            split="train",
            revision="refs/convert/parquet",
            files="{language}/train/*.parquet",
            first=1,
        ),
    ),
    languages=tuple(NATURAL_LANGUAGES),
    laboratory="town_documents",
    licence="not stated",
    citation="Common Crawl News, multilingual",
)

MEDICAL = Task(
    name="medical",
    title="Multilingual Medical Corpus",
    family=Family.TEXT,
    role=Role.CORPUS,
    schema=DocumentSchema(),
    train=(
        Origin(
            repository="HiTZ/Multilingual-Medical-Corpus",
            config="default",
            split="{language}",
            revision="refs/convert/parquet",
            files="default/{language}/*.parquet",
            first=1,
        ),
    ),
    languages=tuple(code for code in ("en", "es", "fr", "it") if code in NATURAL_LANGUAGES),
    laboratory="country_documents",
    licence="Apache-2.0",
    citation="García-Ferrero et al. 2024, Medical mT5",
)

LEGAL = Task(
    # A user's own text, as `sentences`, in the folder `text/legal`: no repository has it in a form that is read here.
    name="legal",
    title="Legal text",
    family=Family.TEXT,
    role=Role.CORPUS,
    schema=DocumentSchema(),
    train=(Origin(repository="text", config="{language}", split="train", files="legal/{language}.parquet"),),
    languages=tuple(NATURAL_LANGUAGES),
    laboratory="town_documents",
    licence="the user's",
    citation="the user's",
)

CORPORA = (WIKIPEDIA, OPUS100, SENTENCES, TRANSLATIONS, NEWS, MEDICAL, LEGAL)
