"""Statistics of paired gains as pure, seeded functions on arrays (docs/statistics.md).

ratios          scores as ratios of sums over examples
intervals       intervals of gains by sources of variance
averages        the same of a mean over several targets
bootstrap       seeds, examples and languages drawn again together
permutation     sign flips
freedman_lane   one coefficient of a regression, by permutation
multiplicity    Holm, Benjamini and Hochberg
equivalence     two one-sided tests
power           power and minimum detectable effect
mixed_models    crossed random effects
selection_bias  the best of several sources
ranking         similarities of tasks beside their gains
curves          learning curves: saturation, decline
"""

from workflow.scripts.statistics.averages import Part, average_components, average_interval, part
from workflow.scripts.statistics.bootstrap import Replicates, percentile_interval, replicate, stretched_interval
from workflow.scripts.statistics.equivalence import Equivalence, tost
from workflow.scripts.statistics.intervals import Interval, gain_interval
from workflow.scripts.statistics.multiplicity import benjamini_hochberg, holm
from workflow.scripts.statistics.permutation import PermutationTest, sign_flip
from workflow.scripts.statistics.power import VarianceComponents, minimum_detectable_effect, power, variance_components
from workflow.scripts.statistics.ratios import RATIOS, Measurements, Ratio, linearised, scores, stack
from workflow.scripts.statistics.selection_bias import Selected, optimism, split_selection

__all__ = [
    "RATIOS",
    "Equivalence",
    "Interval",
    "Measurements",
    "Part",
    "PermutationTest",
    "Ratio",
    "Replicates",
    "Selected",
    "VarianceComponents",
    "average_components",
    "average_interval",
    "benjamini_hochberg",
    "gain_interval",
    "holm",
    "linearised",
    "minimum_detectable_effect",
    "optimism",
    "part",
    "percentile_interval",
    "power",
    "replicate",
    "scores",
    "sign_flip",
    "split_selection",
    "stack",
    "stretched_interval",
    "tost",
    "variance_components",
]
