"""Scores by family, script and kind of example, and how consistent they are across languages.

inputs   results/{collection}/examples/{model}/{source}/seed{seed}/{target}.parquet of all runs
outputs  results/{collection}/tables/slices.*, results/{collection}/tables/consistency.*
"""


rule measure_slices:
    """Compute scores by slice, and how far a model is right on the same rows in two languages."""
    input:
        examples=FILES.example_files,
        languages="results/{collection}/languages.json",
    output:
        slices=report(
            multiext("results/{collection}/tables/slices", ".json", ".csv", ".md", ".tex"),
            caption="../report/slices.rst",
            category="Tables",
        ),
        consistency=report(
            multiext("results/{collection}/tables/consistency", ".json", ".csv", ".md", ".tex"),
            caption="../report/consistency.rst",
            category="Tables",
        ),
    log:
        "results/{collection}/logs/slices.log",
    conda:
        "../../envs/workflow.yaml"
    params:
        spec=SPECS.summary_spec("slices"),
        models=",".join(STUDY.models),
        sources=",".join(STUDY.sources),
        targets=",".join(STUDY.targets),
        pattern=FILES.example_pattern,
    shell:
        "python -m workflow.scripts.launch measure_slices --examples {params.pattern:q}"
        " --languages {input.languages:q} --models {params.models} --sources {params.sources}"
        " --targets {params.targets} --out-dir results/{wildcards.collection}/tables --log {log:q}"
