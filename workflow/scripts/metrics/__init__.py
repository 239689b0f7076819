"""Official metrics as pure functions, each named and versioned (`registry.METRICS`); all values are 0-100."""

from workflow.scripts.metrics.registry import METRICS, Metric, score_language, scorer_for

__all__ = ["METRICS", "Metric", "score_language", "scorer_for"]
