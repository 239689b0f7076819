"""Which weights a run ends with: the last, or those that did best on English development examples (paper, appendix)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class EarlyStopping:
    """When a run is evaluated, and when it stops.

    Attributes:
        every: steps between two evaluations; the last step is evaluated in any case.
        patience: evaluations without a better one after which training stops.
        evaluate: returns the score of the present weights, 0 to 100.
    """

    every: int
    patience: int
    evaluate: Callable[[], float]

    def is_due(self, step: int, total: int) -> bool:
        """Return whether the weights after `step` steps (of `total`) are evaluated."""
        return step % self.every == 0 or step == total


@dataclass
class Evaluations:
    """What the evaluations of a run have shown; kept in its state.

    Attributes:
        scores: steps and their scores, in order.
    """

    scores: list[tuple[int, float]] = field(default_factory=list)

    def add(self, step: int, score: float) -> bool:
        """Note a score and return whether it is better than all before; of equal ones the first is the best."""
        better = not self.scores or score > self.best[1]
        self.scores.append((step, score))
        return better

    @property
    def best(self) -> tuple[int, float]:
        """Step and score of the best evaluation."""
        return max(self.scores, key=lambda evaluation: evaluation[1])

    @property
    def since_best(self) -> int:
        """Evaluations after the best one."""
        return sum(step > self.best[0] for step, _ in self.scores) if self.scores else 0


def mean_score(scores: Sequence[float]) -> float:
    """Return the unweighted mean of the tasks' main scores, which are all on the scale of 0 to 100.

    jiant takes the mean of question answering's 0 to 100 and the other tasks' 0 to 1, which question answering then
    decides alone (jiant, evaluate/core.py).
    """
    return sum(scores) / len(scores)
