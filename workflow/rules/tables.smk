"""The tables of a study as CSV, Markdown and LaTeX: pure functions of scores, statistics and run cards.

inputs   results/{collection}/scores.parquet, results/{collection}/statistics/…, the run cards of all models
outputs  results/{collection}/tables/…
"""


rule make_tables:
    """Write the paper's main table, gains with intervals, the best tasks, variants, languages, costs, published numbers."""
    input:
        scores="results/{collection}/scores.parquet",
        published=local(PUBLISHED),
        statistics=FILES.inference_files,
        runs=FILES.run_cards,
        languages="results/{collection}/languages.json",
    output:
        transfer=report(
            multiext("results/{collection}/tables/transfer", ".csv", ".md", ".tex"),
            caption="../report/transfer.rst",
            category="Tables",
        ),
        gains=report(
            multiext("results/{collection}/tables/gains", ".csv", ".md", ".tex"),
            caption="../report/intervals.rst",
            category="Tables",
        ),
        best=report(
            multiext("results/{collection}/tables/best", ".csv", ".md", ".tex"),
            caption="../report/best.rst",
            category="Tables",
        ),
        variants=report(
            multiext("results/{collection}/tables/variants", ".csv", ".md", ".tex"),
            caption="../report/variants.rst",
            category="Tables",
        ),
        languages=report(
            multiext("results/{collection}/tables/languages", ".csv", ".md", ".tex"),
            caption="../report/languages.rst",
            category="Tables",
        ),
        costs=report(
            multiext("results/{collection}/tables/costs", ".csv", ".md", ".tex"),
            caption="../report/costs.rst",
            category="Tables",
        ),
        published=report(
            multiext("results/{collection}/tables/published", ".csv", ".md", ".tex"),
            caption="../report/published.rst",
            category="Tables",
        ),
    log:
        "results/{collection}/logs/tables.log",
    conda:
        "../../envs/workflow.yaml"
    resources:
        checkpoints=lambda wildcards: STUDY.checkpoints,
    params:
        spec=SPECS.summary_spec("tables"),
        runs=FILES.run_card_patterns,
        models=",".join(STUDY.models),
        sources=",".join(STUDY.sources),
        targets=",".join(STUDY.targets),
    shell:
        "python -m workflow.scripts.launch make_tables --scores {input.scores:q} --languages {input.languages:q}"
        " --models {params.models} --sources {params.sources} --targets {params.targets}"
        " --published {input.published:q} --checkpoints {resources.checkpoints:q}"
        " --statistics results/{wildcards.collection}/statistics --runs {params.runs:q}"
        " --out-dir results/{wildcards.collection}/tables --log {log:q}"
