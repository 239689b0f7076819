"""Further figures: scores by language, learning curves, the stages of the study.

inputs   results/{collection}/scores.parquet, its statistics, and the run cards of all models
outputs  results/{collection}/figures/{languages,curves,stages}.svg, .png
"""


# On a cluster beside the queue: they take seconds
localrules:
    plot_languages,
    plot_curves,
    plot_stages,


rule plot_languages:
    """Draw the scores of every language by its distance to English, with intervals."""
    input:
        scores="results/{collection}/scores.parquet",
        languages="results/{collection}/languages.json",
        intervals="results/{collection}/statistics/languages.parquet",
    output:
        svg=report("results/{collection}/figures/languages.svg", caption="../report/dots.rst", category="Figures"),
        png="results/{collection}/figures/languages.png",
    log:
        "results/{collection}/logs/plot_languages.log",
    conda:
        "../../envs/workflow.yaml"
    params:
        spec=SPECS.summary_spec("figures"),
        models=",".join(STUDY.models),
        sources=",".join(STUDY.sources),
        targets=",".join(STUDY.targets),
    shell:
        "python -m workflow.scripts.launch plot_languages --scores {input.scores:q} --languages {input.languages:q}"
        " --models {params.models} --sources {params.sources} --targets {params.targets}"
        " --intervals {input.intervals:q} --svg {output.svg:q} --png {output.png:q} --log {log:q}"


rule plot_curves:
    """Draw the learning curves of intermediate and target training."""
    input:
        runs=FILES.run_cards,
    output:
        svg=report("results/{collection}/figures/curves.svg", caption="../report/curves.rst", category="Figures"),
        png="results/{collection}/figures/curves.png",
    log:
        "results/{collection}/logs/plot_curves.log",
    conda:
        "../../envs/workflow.yaml"
    params:
        spec=SPECS.summary_spec("figures"),
        runs=FILES.run_card_patterns,
    shell:
        "python -m workflow.scripts.launch plot_curves --runs {params.runs:q}"
        " --svg {output.svg:q} --png {output.png:q} --log {log:q}"


rule plot_stages:
    """Draw the stages of the study, with the number of jobs of each."""
    output:
        svg=report("results/{collection}/figures/stages.svg", caption="../report/stages.rst", category="Figures"),
        png="results/{collection}/figures/stages.png",
    log:
        "results/{collection}/logs/plot_stages.log",
    conda:
        "../../envs/workflow.yaml"
    params:
        spec=SPECS.stages_spec(),
    shell:
        "python -m workflow.scripts.launch plot_stages --spec {params.spec:q}"
        " --svg {output.svg:q} --png {output.png:q} --log {log:q}"
