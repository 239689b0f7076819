"""How similar the sources are to the targets (config key `similarity`).

inputs   the card of tasks, tokens of sources and targets, models after the sources, models fine-tuned without one
outputs  results/{collection}/similarities/{model}/seed{seed}.parquet
         results/{collection}/tables/similarity.csv, .md, .tex
"""


rule measure_similarity:
    """Measure the similarities of all sources and targets."""
    input:
        card=SIMILARITIES.card,
        tokens=SIMILARITIES.tokens,
        encoder=SIMILARITIES.encoder,
        sources=SIMILARITIES.source_runs,
        targets=SIMILARITIES.target_runs,
        sentence_encoder=SIMILARITIES.sentence_run,
        sentence_tokens=SIMILARITIES.sentence_tokens,
    output:
        table="results/{collection}/similarities/{model}/seed{seed}.parquet",
    log:
        "results/{collection}/logs/similarity/{model}.{seed}.log",
    conda:
        "../../envs/workflow.yaml"
    resources:
        gpu=GPUS,
        micro_batch_tokens=0,  # by device
    params:
        spec=SIMILARITIES.spec(),
    shell:
        "python -m workflow.scripts.launch measure_similarity --spec {params.spec:q} --model {wildcards.model}"
        " --seed {wildcards.seed} --card {input.card:q} --tokens {input.tokens:q} --encoder {input.encoder:q}"
        " --source-runs {input.sources:q} --target-runs {input.targets:q}"
        " --sentence-run {input.sentence_encoder:q} --sentence-tokens {input.sentence_tokens:q}"
        " --out {output.table:q} --log {log:q} --gpus {resources.gpu}"
        " --micro-batch-tokens {resources.micro_batch_tokens}"


rule tabulate_similarity:
    """Write the similarities of all models, seeds averaged, as tables."""
    input:
        similarities=SIMILARITIES.measured,
    output:
        report(
            multiext("results/{collection}/tables/similarity", ".csv", ".md", ".tex"),
            caption="../report/similarity.rst",
            category="Tables",
        ),
    log:
        "results/{collection}/logs/tabulate_similarity.log",
    conda:
        "../../envs/workflow.yaml"
    shell:
        "python -m workflow.scripts.launch tabulate_similarity --similarities {input.similarities:q}"
        " --out-dir results/{wildcards.collection}/tables --log {log:q}"


rule similarities:
    """The similarities of all models and seeds."""
    input:
        SIMILARITIES.summary_files,
