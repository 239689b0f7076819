"""What the model card of a published checkpoint says beyond that of a run: scores, limits, how to go on."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from workflow.scripts.laboratory.languages import LANGUAGES
from workflow.scripts.tasks import TASKS
from workflow.scripts.training.card import model_card, table

ENGLISH = "en"

Score = Mapping[str, Any]


def publication_card(
    run: Mapping[str, Any],
    names: Mapping[str, str],
    hyperparameters: Mapping[str, Any],
    datasets: Sequence[str],
    scores: Sequence[Score],
    baselines: Sequence[Score],
) -> str:
    """Return the model card of a checkpoint that is to be uploaded.

    Args:
        run: its run card.
        names: `model`, `source` and `seed`.
        hyperparameters: the whole specification.
        datasets: the Hub's names of the repositories with the data; empty where they are generated or a user's own.
        scores: the study's scores of targets after this checkpoint, as `score` writes them; empty if there are none.
        baselines: those without intermediate training, of the same model and seed.
    """
    spec = run["spec"]
    title = f"{names['model']} after {names['source']} (seed {names['seed']})"
    return model_card(
        title,
        run,
        hyperparameters=hyperparameters,
        datasets=datasets,
        tags=["intermediate-task-transfer", *spec.get("tasks", ())],
        sections=[
            _scores(scores, baselines),
            _use(run, names),
            f"## Limits\n\n{_list(_limits(run, datasets, scores))}",
        ],
    )


def _scores(scores: Sequence[Score], baselines: Sequence[Score]) -> str:
    """Return the table of zero-shot scores, means over the main metrics; nothing where nothing was scored."""
    without = {score["target"]: score for score in baselines}
    rows = []
    for score in scores:
        target, before = score["target"], without.get(score["target"])
        english, others = _means(score)
        rows.append(
            (
                TASKS[target].title if target in TASKS else target,
                " and ".join(score["main_metrics"]).replace("_", " "),
                _number(english),
                _number(others),
                str(len(_others(score))),
                _number(_means(before)[1] if before else None),
            )
        )
    headings = ("target", "metric", "English", "other languages", "how many", "others, without this training")
    shown = table("Scores after fine-tuning on English targets", headings, rows)
    return f"{shown}\n\nOf one seed, zero-shot in the other languages; on the scale 0 to 100." if shown else ""


def _means(score: Score) -> tuple[float | None, float | None]:
    """Return the score in English and the mean of the other languages, None where there is none."""
    values = {code: fmean(found["metrics"][name] for name in score["main_metrics"]) for code, found in _valued(score)}
    others = [values[code] for code in _others(score) if code in values]
    return values.get(ENGLISH), fmean(others) if others else None


def _valued(score: Score) -> list[tuple[str, Mapping[str, Any]]]:
    names = score["main_metrics"]
    return [(code, found) for code, found in score["languages"].items() if set(names) <= set(found["metrics"])]


def _others(score: Score) -> list[str]:
    """Return the languages besides English, without the laboratory's controls."""
    controls = {code for code, language in LANGUAGES.items() if language.role == "control"}
    return [code for code in score["languages"] if code != ENGLISH and code not in controls]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _use(run: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Return how a study of this project begins with the checkpoint."""
    after = run["spec"].get("after")
    before = f"It was trained after `{after}`. " if after else ""
    if "adapter" in run["spec"]:
        return f"## In a study\n\n{before}It is an adapter, which the project's key `imported` does not take."
    name = f"{names['source']}-imported"
    return f"""## In a study

{before}A study that has the same pretrained model takes it as a source:

```yaml
sources: [none, {name}]
imported:
  {name}: {{{names["model"]}: {{checkpoint: <folder or repository>}}}}
```"""


def _limits(run: Mapping[str, Any], datasets: Sequence[str], scores: Sequence[Score]) -> list[str]:
    """Return what the checkpoint must not be taken for."""
    spec, found = run["spec"], []
    if not datasets:
        found.append(
            "It was trained on generated or private data, not on published ones; no licence of them is given here."
        )
    found.append("It is a start for fine-tuning, not a model of a task: as it is, it predicts nothing.")
    if "corpora" not in spec and "adapter" not in spec and "attention" not in spec:
        found.append(
            "It has no pooler. `AutoModel` makes one with random weights for some architectures; do not read it."
        )
    if "attention" in spec:
        found.append(
            f"It is a decoder that was trained with `attention: {spec['attention']}`; `AutoModel` attends causally."
        )
    found.append(
        "It is one seed. Scores of seeds differ, so that a gain of one checkpoint is no property of its source."
    )
    if scores:
        found.append("Languages and targets other than those of the table were not tested.")
    else:
        found.append("No target was scored with it when this card was written.")
    return found


def _list(sentences: Sequence[str]) -> str:
    return "\n".join(f"* {sentence}" for sentence in sentences)
