"""What all rules share: the checked configuration, where its files are, wildcard constraints. No rules."""

import sys
from inspect import signature
from pathlib import Path

from workflow.scripts.console import check_logs, prefer_this_python, shorten_progress, start_jobs_at_once
from workflow.scripts.errors import UserError
from workflow.scripts.file_patterns import patterns
from workflow.scripts.gpus import visible_gpus
from workflow.scripts.layout import PUBLISHED, Layout
from workflow.scripts.publications import Publications
from workflow.scripts.similarity_files import Similarities
from workflow.scripts.specifications import Specifications
from workflow.scripts.study_files import Studies
from workflow.scripts.study import Study
from workflow.scripts.study_values import trained_names, varied_sources, wildcard_values
from workflow.scripts.sweeps import LayerSweep
from workflow.scripts.tasks import TASKS

from snakemake.exceptions import WorkflowError


def checked_study(settings):
    """Return the study, its jobs' identities and its files, or stop with one sentence that says what is wrong."""
    try:
        study = Study(settings)
        check_logs(study.collection)
        parts = Specifications(study), Layout(study), LayerSweep(study), Similarities(study), Studies(study, sys.argv)
        return study, *parts, Publications(study)
    except UserError as error:
        raise WorkflowError(str(error)) from None


def tell(message):
    """Print one line to the console, beside Snakemake's own."""
    print(f"[study] {message}", file=sys.stderr)


def tell_report():
    """Say where the report is, if this run or an earlier one has written it."""
    path = Path("results", STUDY.collection, "report.html")
    tell(f"done; the report is {path}" if path.exists() else "done")


STUDY, SPECS, FILES, SWEEP, SIMILARITIES, STUDIES, PUBLICATIONS = checked_study(config)
shorten_progress()
prefer_this_python()

# GPUs of a job that trains or predicts: one where this machine has any; profiles say otherwise. Jobs that do not fit wait
GPUS = min(1, len(visible_gpus()))
if GPUS and workflow.local_exec:
    workflow.global_resources.setdefault("gpu", len(visible_gpus()))


wildcard_constraints:
    **{name: "|".join(values) for name, values in wildcard_values(STUDY).items()},


def by_wildcards(method):
    """Return a function of wildcards that calls `method` with those that its parameters are named after."""
    names = list(signature(method).parameters)
    return lambda wildcards: method(**{name: getattr(wildcards, name) for name in names})


def unchanged(value):
    """Return a function of wildcards with one value, whose braces are no wildcards."""
    return lambda wildcards: value


def one_of(names):
    """Return a wildcard constraint: one of some names, or nothing at all where there are none."""
    return "|".join(names) or "(?!)"
