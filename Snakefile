"""Intermediate-task transfer across languages (Phang et al. 2020) as an experiment DAG.

snakemake --cores 2                                        the laboratory, offline
snakemake --cores 2 --configfile config/other.yaml         another study
"""

from snakemake.utils import min_version

min_version("9.14")


# Snakemake would merge a file given with --configfile into this one, key by key; a study's file stands alone
if "collection" not in config:

    configfile: "config/config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/models.smk"
include: "workflow/rules/pretrain.smk"
include: "workflow/rules/trunk.smk"
include: "workflow/rules/intermediate.smk"
include: "workflow/rules/target.smk"
include: "workflow/rules/adapters.smk"
include: "workflow/rules/evaluation.smk"
include: "workflow/rules/layers.smk"
include: "workflow/rules/slices.smk"
include: "workflow/rules/statistics.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/similarity.smk"
include: "workflow/rules/perplexity.smk"
include: "workflow/rules/studies.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/typology.smk"
include: "workflow/rules/publish.smk"


rule all:
    """Everything: scores, tables, figures and the report."""
    default_target: True
    input:
        f"results/{STUDY.collection}/report.html",
        FILES.summary_files,
        SWEEP.summary_files,
        SIMILARITIES.main_files,


rule scores:
    """The long table of scores, without tables, figures and report."""
    input:
        f"results/{STUDY.collection}/scores.parquet",


rule submission:
    """XTREME's submission folders (config key `submission`)."""
    input:
        FILES.submissions,


rule checkpoints:
    """All intermediate checkpoints."""
    input:
        FILES.intermediate_checkpoints,


rule bundle:
    """All data and models that the study needs, for a machine without network."""
    input:
        f"results/{STUDY.collection}/bundle/SHA256SUMS",


onstart:
    start_jobs_at_once(workflow)


onsuccess:
    tell_report()


onerror:
    tell("a job failed; its cause stands above and in its log. What is finished is kept: run the same command to go on")
