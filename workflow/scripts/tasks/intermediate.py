"""The nine intermediate tasks of the paper (Table 1), the translated ones (§2.4), and XTREME-R's, one literal each.

Sizes, layouts and label orders: facts §1. Labels are in the order of the repositories' class ids; heads are never
carried from one task to another, so the order has no effect on scores.
"""

from dataclasses import replace

from workflow.scripts.tasks.choice_schemas import AlternativesSchema, NumberedAnswersSchema
from workflow.scripts.tasks.languages import codes
from workflow.scripts.tasks.schemas import (
    AnswersSchema,
    EndingsSchema,
    LetteredChoicesSchema,
    PairSchema,
    SpanSchema,
    TaggingSchema,
)
from workflow.scripts.tasks.task import Family, Origin, Role, Task

CONVERTED = "refs/convert/parquet"
"""The Hub's own Parquet conversion, for repositories whose main branch holds a loading script, which is never run."""

NLI_LABELS = ("entailment", "neutral", "contradiction")

ANLI = Task(
    # Nie et al.'s full training set, all of it under one head: SNLI + MNLI + rounds 1-3.
    name="anli",
    title="ANLI+",
    family=Family.CLASSIFICATION,
    role=Role.INTERMEDIATE,
    schema=PairSchema(text_a="premise", text_b="hypothesis", classes=NLI_LABELS, dropped=(-1,)),
    train=(
        Origin(repository="nyu-mll/glue", config="mnli", split="train"),
        Origin(repository="stanfordnlp/snli", config="plain_text", split="train"),
        Origin(repository="facebook/anli", config="plain_text", split="train_r1"),
        Origin(repository="facebook/anli", config="plain_text", split="train_r2"),
        Origin(repository="facebook/anli", config="plain_text", split="train_r3"),
    ),
    dev=(
        Origin(repository="nyu-mll/glue", config="mnli", split="validation_matched"),
        Origin(repository="stanfordnlp/snli", config="plain_text", split="validation"),
        Origin(repository="facebook/anli", config="plain_text", split="dev_r1"),
        Origin(repository="facebook/anli", config="plain_text", split="dev_r2"),
        Origin(repository="facebook/anli", config="plain_text", split="dev_r3"),
    ),
    labels=NLI_LABELS,
    metrics=("accuracy",),
    laboratory="adversarial_entailment",
    sizes={"train": 1_104_934, "dev": 22_857},
    licence="CC BY-NC 4.0 (ANLI), CC BY-SA 4.0 (SNLI), OANC and others (MNLI)",
    citation="Nie et al. 2020, Adversarial NLI; Bowman et al. 2015; Williams et al. 2018",
)

MNLI = Task(
    name="mnli",
    title="MNLI",
    family=Family.CLASSIFICATION,
    role=Role.INTERMEDIATE,
    schema=PairSchema(text_a="premise", text_b="hypothesis", classes=NLI_LABELS),
    train=(Origin(repository="nyu-mll/glue", config="mnli", split="train"),),
    dev=(Origin(repository="nyu-mll/glue", config="mnli", split="validation_matched"),),
    labels=NLI_LABELS,
    metrics=("accuracy",),
    laboratory="entailment",
    sizes={"train": 392_702, "dev": 9_815},
    licence="OANC and others, by genre",
    citation="Williams et al. 2018, A Broad-Coverage Challenge Corpus for Sentence Understanding through Inference",
)

QQP = Task(
    name="qqp",
    title="QQP",
    family=Family.CLASSIFICATION,
    role=Role.INTERMEDIATE,
    schema=PairSchema(text_a="question1", text_b="question2", classes=("not_duplicate", "duplicate")),
    train=(Origin(repository="nyu-mll/glue", config="qqp", split="train"),),
    dev=(Origin(repository="nyu-mll/glue", config="qqp", split="validation"),),
    labels=("not_duplicate", "duplicate"),
    metrics=("accuracy",),
    laboratory="duplicate_question",
    sizes={"train": 363_846, "dev": 40_430},
    licence="Quora terms of service, non-commercial",
    citation="Iyer et al. 2017, First Quora Dataset Release: Question Pairs",
)

SQUAD_V2 = Task(
    name="squad_v2",
    title="SQuAD v2.0",
    family=Family.SPAN,
    role=Role.INTERMEDIATE,
    schema=SpanSchema(),
    train=(Origin(repository="rajpurkar/squad_v2", config="squad_v2", split="train"),),
    dev=(Origin(repository="rajpurkar/squad_v2", config="squad_v2", split="validation"),),
    unanswerable=True,
    scorers=("squad_v2", "null_threshold"),
    metrics=("f1", "exact_match"),
    laboratory="reading_unanswerable",
    sizes={"train": 130_319, "dev": 11_873},
    licence="CC BY-SA 4.0",
    citation="Rajpurkar et al. 2018, Know What You Don't Know: Unanswerable Questions for SQuAD",
)

SQUAD_V1 = Task(
    name="squad_v1",
    title="SQuAD v1.1",
    family=Family.SPAN,
    role=Role.INTERMEDIATE,
    schema=SpanSchema(),
    train=(Origin(repository="rajpurkar/squad", config="plain_text", split="train"),),
    dev=(Origin(repository="rajpurkar/squad", config="plain_text", split="validation"),),
    metrics=("f1", "exact_match"),
    laboratory="reading",
    sizes={"train": 87_599, "dev": 10_570},
    licence="CC BY-SA 4.0",
    citation="Rajpurkar et al. 2016, SQuAD: 100,000+ Questions for Machine Comprehension of Text",
)

HELLASWAG = Task(
    name="hellaswag",
    title="HellaSwag",
    family=Family.MULTIPLE_CHOICE,
    role=Role.INTERMEDIATE,
    schema=EndingsSchema(),
    train=(Origin(repository="Rowan/hellaswag", config="default", split="train", revision=CONVERTED),),
    dev=(Origin(repository="Rowan/hellaswag", config="default", split="validation", revision=CONVERTED),),
    metrics=("accuracy",),
    laboratory="continuation",
    sizes={"train": 39_905, "dev": 10_042},
    licence="MIT",
    citation="Zellers et al. 2019, HellaSwag: Can a Machine Really Finish Your Sentence?",
)

CCG = Task(
    # CCGbank has no public Hub copy; its supertag inventory is read from the training split, hence no label list.
    name="ccg",
    title="CCG",
    family=Family.TAGGING,
    role=Role.INTERMEDIATE,
    schema=TaggingSchema(tags="tags"),
    train=(Origin(repository="pmb/ccg_supertagging", config="en", split="train"),),
    dev=(Origin(repository="pmb/ccg_supertagging", config="en", split="validation"),),
    scorers=("token_accuracy",),  # supertags are no chunks
    metrics=("accuracy",),
    laboratory="supertags",
    sizes={"train": 38_015, "dev": 5_484},
    licence="LDC (CCGbank); PMB: see its release",
    citation="Hockenmaier and Steedman 2007, CCGbank",
)

COSMOSQA = Task(
    name="cosmosqa",
    title="Cosmos QA",
    family=Family.MULTIPLE_CHOICE,
    role=Role.INTERMEDIATE,
    schema=AnswersSchema(),
    train=(Origin(repository="allenai/cosmos_qa", config="default", split="train", revision=CONVERTED),),
    dev=(Origin(repository="allenai/cosmos_qa", config="default", split="validation", revision=CONVERTED),),
    metrics=("accuracy",),
    laboratory="narrative",
    sizes={"train": 25_262, "dev": 2_985},
    licence="CC BY 4.0",
    citation="Huang et al. 2019, Cosmos QA: Machine Reading Comprehension with Contextual Commonsense Reasoning",
)

CSQA = Task(
    name="csqa",
    title="CSQA",
    family=Family.MULTIPLE_CHOICE,
    role=Role.INTERMEDIATE,
    schema=LetteredChoicesSchema(),
    train=(Origin(repository="tau/commonsense_qa", config="default", split="train"),),
    dev=(Origin(repository="tau/commonsense_qa", config="default", split="validation"),),
    metrics=("accuracy",),
    laboratory="commonsense",
    sizes={"train": 9_741, "dev": 1_221},
    licence="MIT",
    citation="Talmor et al. 2019, CommonsenseQA: A Question Answering Challenge Targeting Commonsense Knowledge",
)

TRANSLATED_LANGUAGES = codes("de ru sw")
"""Paper §2.4: a close, a middle and a distant language."""

MNLI_TRANSLATED = replace(
    # The translations that the authors of XNLI released; 392,702 rows in each language.
    MNLI,
    name="mnli-translated",
    title="MNLI (translated)",
    train=(Origin(repository="facebook/xnli", config="{language}", split="train"),),
    dev=(Origin(repository="facebook/xnli", config="{language}", split="validation"),),
    train_languages=TRANSLATED_LANGUAGES,
    sizes={"train": 3 * 392_702, "dev": 3 * 2_490},
    licence="CC BY-NC 4.0",
    citation="Conneau et al. 2018, XNLI: Evaluating Cross-lingual Sentence Representations",
)

QQP_TRANSLATED = replace(
    QQP,
    name="qqp-translated",
    title="QQP (translated)",
    train_languages=TRANSLATED_LANGUAGES,
    translated_from="qqp",
    sizes={"train": 3 * 363_846, "dev": 3 * 40_430},
)

HELLASWAG_TRANSLATED = replace(
    HELLASWAG,
    name="hellaswag-translated",
    title="HellaSwag (translated)",
    train_languages=TRANSLATED_LANGUAGES,
    translated_from="hellaswag",
    sizes={"train": 3 * 39_905, "dev": 3 * 10_042},
)

SIQA = Task(
    name="siqa",
    title="Social IQa",
    family=Family.MULTIPLE_CHOICE,
    role=Role.INTERMEDIATE,
    schema=NumberedAnswersSchema(),
    train=(Origin(repository="allenai/social_i_qa", config="default", split="train", revision=CONVERTED),),
    dev=(Origin(repository="allenai/social_i_qa", config="default", split="validation", revision=CONVERTED),),
    metrics=("accuracy",),
    laboratory="social",
    sizes={"train": 33_410, "dev": 1_954},
    licence="CC BY 4.0",
    citation="Sap et al. 2019, Social IQa: Commonsense Reasoning about Social Interactions",
)

COPA = Task(
    name="copa",
    title="COPA",
    family=Family.MULTIPLE_CHOICE,
    role=Role.INTERMEDIATE,
    schema=AlternativesSchema(),
    train=(Origin(repository="aps/super_glue", config="copa", split="train", revision=CONVERTED),),
    dev=(Origin(repository="aps/super_glue", config="copa", split="validation", revision=CONVERTED),),
    metrics=("accuracy",),
    laboratory="cause_effect",
    sizes={"train": 400, "dev": 100},
    licence="BSD 2-Clause",
    citation="Roemmele et al. 2011, Choice of Plausible Alternatives",
)

INTERMEDIATE_TASKS = (
    ANLI,
    MNLI,
    QQP,
    SQUAD_V2,
    SQUAD_V1,
    HELLASWAG,
    CCG,
    COSMOSQA,
    CSQA,
    MNLI_TRANSLATED,
    QQP_TRANSLATED,
    HELLASWAG_TRANSLATED,
    SIQA,
    COPA,
)
