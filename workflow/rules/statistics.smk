"""Intervals, tests and detectable effects of all gains over `none`, from what every example adds to the scores.

inputs   results/{collection}/examples/{model}/{source}/seed{seed}/{target}.parquet of all runs
outputs  results/{collection}/statistics/gains.parquet, variants.parquet, languages.parquet,
         best.parquet
"""


rule analyse_gains:
    """Give every gain its interval, its p-values and the effect that could have been found."""
    input:
        examples=FILES.example_files,
        languages="results/{collection}/languages.json",
    output:
        gains="results/{collection}/statistics/gains.parquet",
        languages="results/{collection}/statistics/languages.parquet",
        variants="results/{collection}/statistics/variants.parquet",
        best="results/{collection}/statistics/best.parquet",
    log:
        "results/{collection}/logs/statistics.log",
    conda:
        "../../envs/workflow.yaml"
    params:
        spec=SPECS.statistics_spec(),
        models=",".join(STUDY.models),
        sources=",".join(STUDY.sources),
        targets=",".join(STUDY.targets),
        seeds=",".join(map(str, STUDY.seeds)),
        variants=lambda wildcards: varied_sources(STUDY),
    shell:
        "python -m workflow.scripts.launch analyse_gains --examples results/{wildcards.collection}/examples"
        " --languages {input.languages:q} --models {params.models} --sources {params.sources}"
        " --targets {params.targets} --seeds {params.seeds} --variants {params.variants:q}"
        " --spec {params.spec:q}"
        " --out-dir results/{wildcards.collection}/statistics --log {log:q}"
