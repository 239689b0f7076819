"""Tables, figures and the report: pure functions of the long table of scores.

inputs   results/{collection}/scores.parquet, and the run cards of all models for the costs
outputs  results/{collection}/{tables,figures}/…, results/{collection}/report.html
"""


# On a cluster beside the queue: they take seconds
localrules:
    describe_languages,
    make_tables,
    plot_gains,
    plot_distance,


rule describe_languages:
    """Write the facts on the languages, among them their distances to English."""
    output:
        languages="results/{collection}/languages.json",
    log:
        "results/{collection}/logs/languages.log",
    conda:
        "../../envs/workflow.yaml"
    resources:
        vectors=lambda wildcards: STUDY.settings["typology"]["vectors"],
    params:
        spec=by_wildcards(SPECS.languages_spec),
    shell:
        "python -m workflow.scripts.launch describe_languages --spec {params.spec:q}"
        " --vectors {resources.vectors:q} --out {output.languages:q} --log {log:q}"


rule plot_gains:
    """Draw the heat map of gains: sources by targets."""
    input:
        scores="results/{collection}/scores.parquet",
        languages="results/{collection}/languages.json",
    output:
        svg=report("results/{collection}/figures/gains.svg", caption="../report/gains.rst", category="Figures"),
        png="results/{collection}/figures/gains.png",
    log:
        "results/{collection}/logs/plot_gains.log",
    conda:
        "../../envs/workflow.yaml"
    params:
        spec=SPECS.summary_spec("figures"),
        models=",".join(STUDY.models),
        sources=",".join(STUDY.sources),
        targets=",".join(STUDY.targets),
    shell:
        "python -m workflow.scripts.launch plot_gains --scores {input.scores:q} --languages {input.languages:q}"
        " --models {params.models} --sources {params.sources} --targets {params.targets}"
        " --svg {output.svg:q} --png {output.png:q} --log {log:q}"


rule plot_distance:
    """Draw the scores against the languages' distance to English."""
    input:
        scores="results/{collection}/scores.parquet",
        languages="results/{collection}/languages.json",
    output:
        svg=report("results/{collection}/figures/distance.svg", caption="../report/distance.rst", category="Figures"),
        png="results/{collection}/figures/distance.png",
    log:
        "results/{collection}/logs/plot_distance.log",
    conda:
        "../../envs/workflow.yaml"
    params:
        spec=SPECS.summary_spec("figures"),
        models=",".join(STUDY.models),
        sources=",".join(STUDY.sources),
        targets=",".join(STUDY.targets),
    shell:
        "python -m workflow.scripts.launch plot_distance --scores {input.scores:q} --languages {input.languages:q}"
        " --models {params.models} --sources {params.sources} --targets {params.targets}"
        " --svg {output.svg:q} --png {output.png:q} --log {log:q}"


rule write_report:
    """Put everything into one HTML file that opens without a network."""
    input:
        scores="results/{collection}/scores.parquet",
        languages="results/{collection}/languages.json",
        published=local(PUBLISHED),
        runs=FILES.run_cards,
        summaries=FILES.summary_files,
        statistics=FILES.statistics_files,
        overlap=FILES.overlap_files,
        layers=SWEEP.summary_files,
        slices=FILES.slice_files,
        consistency=FILES.consistency_files,
        inference=FILES.inference_files,
        studies=STUDIES.sections,
    output:
        report=report("results/{collection}/report.html", caption="../report/report.rst", category="Report"),
    log:
        "results/{collection}/logs/report.log",
    conda:
        "../../envs/workflow.yaml"
    params:
        spec=by_wildcards(SPECS.report_spec),
        runs=FILES.run_card_patterns,
        models=",".join(STUDY.models),
        sources=",".join(STUDY.sources),
        targets=",".join(STUDY.targets),
    shell:
        "python -m workflow.scripts.launch write_report --scores {input.scores:q} --languages {input.languages:q}"
        " --models {params.models} --sources {params.sources} --targets {params.targets}"
        " --spec {params.spec:q} --published {input.published:q} --runs {params.runs:q}"
        " --tables results/{wildcards.collection}/tables --figures results/{wildcards.collection}/figures"
        " --statistics {input.statistics:q} --overlap {input.overlap[0]:q} --layers {input.layers:q}"
        " --slices {input.slices[0]:q} --consistency {input.consistency[0]:q} --inference results/{wildcards.collection}/statistics"
        " --studies {input.studies:q}"
        " --out {output.report:q} --log {log:q}"
