"""A small mirror of Hub repositories: rows of the generated world, as if they were of natural languages."""

from pathlib import Path

from workflow.scripts.laboratory.world import World
from workflow.scripts.sources import mirror
from workflow.scripts.tasks import TASKS
from workflow.scripts.tasks.languages import NATURAL_LANGUAGES

STAND_INS = {"en": "en", "qaa": "de", "qaf": "sw"}
"""Languages of the world, and the natural ones that their rows stand for."""

NOTE = "Made for a test."


def build(root: Path) -> Path:
    """Write the repositories of MNLI, SQuAD and some targets, and plain text; return their folder."""
    world = World(seed=5, languages=list(STAND_INS))
    write(root, world, "mnli", {"train": 60})
    write(root, world, "qqp", {"train": 24, "dev": 6})
    write(root, world, "squad_v1", {"train": 24, "dev": 6})
    write(root, world, "xnli", {"test": 12})
    write(root, world, "xquad", {"test": 8})
    write(root, world, "tatoeba", {"test": 20})
    for code, natural in STAND_INS.items():
        rows = world.rows("documents", split="train", languages=[code], examples=60 if code == "en" else 20, stream="s")
        texts = [{"text": row["text_a"], "source": "made"} for row in rows]
        mirror.write_repository(root, "text", {(natural, "train"): texts}, NOTE)
        (root / f"text/{natural}/train-00000-of-00001.parquet").rename(root / f"text/{natural}.parquet")
    return root


def write(root: Path, world: World, name: str, counts: dict[str, int]) -> None:
    """Write rows of a task into its real repository, whose README keeps what other tasks have there."""
    task = TASKS[name]
    rows = {}
    for split, count in counts.items():
        own = [code for code in STAND_INS if split == "test" or code == "en"]
        own = [code for code in own if not (code == "en" and name == "tatoeba")]
        series = list(world.rows(task.laboratory, split=split, languages=own, examples=count, stream=name))
        rows[split] = {STAND_INS[code]: [] for code in own}
        for row in series:
            rows[split][STAND_INS[row["language"]]].append(row | {"id": row["id"].split("-", 1)[1]})
    (repository,) = {origin.repository for split in counts for origin in task.origins(split)}
    readme = root / repository / "README.md"
    known = mirror.read_configurations("", readme.read_text(), []) if readme.exists() else {}
    mirror.write_task(root, task, rows, NATURAL_LANGUAGES, NOTE)
    known |= mirror.read_configurations("", readme.read_text(), [])
    mirror.write_readme(readme, repository, known, NOTE)
