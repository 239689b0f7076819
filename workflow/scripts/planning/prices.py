"""Hours on named GPUs and on one CPU core, and the smallest gain that the seeds can show."""

from collections.abc import Sequence
from dataclasses import dataclass

from workflow.scripts.errors import UserError, nearest
from workflow.scripts.planning.sizes import reference_rows

UTILISATION = 0.2
"""Share of a GPU's peak that is reached: an assumption, not measured; short sequences in small batches stay low."""

CPU_FLOPS = 35e9
"""Operations a second of one core: 33 to 38 thousand million in a run of config/config.yaml (fp32, one thread)."""

SEED_DEVIATION, EXAMPLE_DEVIATION = 1.0, 0.5
"""Standard deviations of a paired gain between seeds and by the test examples, in points: assumptions."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """A class of GPUs: dense peak in 10^12 operations a second, memory in GB."""

    name: str
    tflops: float
    memory_gb: float
    precision: str

    def hours(self, flops: float, utilisation: float) -> float:
        """Return the hours that operations take on one GPU."""
        return flops / (self.tflops * 1e12 * utilisation) / 3600


def choose_gpus(names: Sequence[str], given: Sequence[str]) -> list[Gpu]:
    """Return the GPUs of the table that are asked for (all if none are), and those that are given as `name=TFLOPS`.

    Raises:
        UserError: a name is not in the table, or a peak is no number above 0.
    """
    known = {row["gpu"]: row for row in reference_rows("gpus")}
    gpus = []
    for name in names or known:
        if name not in known:
            raise UserError(f"--gpu {name} is no known GPU; expected one of {', '.join(known)}.{nearest(name, known)}")
        row = known[name]
        gpus.append(Gpu(name, float(row["tflops"]), float(row["memory_gb"]), row["precision"]))
    for text in given:
        name, _, peak = text.partition("=")
        try:
            tflops = float(peak)
        except ValueError:
            tflops = 0.0
        if not name or not 0 < tflops < float("inf"):
            raise UserError(f"--peak {text} is no peak of a GPU; expected <name>=<TFLOPS>, such as B200=2250")
        gpus.append(Gpu(name, tflops, 0.0, "given"))
    return gpus


def detectable_effect(seeds: int, seed_deviation: float, example_deviation: float) -> float:
    """Return the smallest gain, in points, that a two-sided t test at 5 % finds with a chance of 80 %.

    With one seed it speaks of that seed alone.
    """
    from workflow.scripts.statistics.power import VarianceComponents, minimum_detectable_effect

    found = VarianceComponents(seed_deviation**2, example_deviation**2, 0.0)
    return minimum_detectable_effect(found, seeds)
