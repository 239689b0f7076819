"""Predict (needs the model) and score (needs the predictions) every target in all its languages; collect the long table.

inputs   results/{collection}/finetuned/… or, for the targets that need no training, the encoder
outputs  results/{collection}/predictions/{model}/{source}/seed{seed}/{target}.parquet
         results/{collection}/scores/{model}/{source}/seed{seed}/{target}.json
         results/{collection}/examples/{model}/{source}/seed{seed}/{target}.parquet
         results/{collection}/submission/{model}/{source}/seed{seed}/… (target `submission`)
         results/{collection}/scores.parquet
"""


rule predict_target:
    """Predict the test data of a target in every language."""
    input:
        run=FILES.tested_run,
        tokens=FILES.tested_tokens,
        data=FILES.tested_data,
    output:
        predictions="results/{collection}/predictions/{model}/{source}/seed{seed}/{target}.parquet",
    log:
        "results/{collection}/logs/predict/{model}/{source}/seed{seed}.{target}.log",
    conda:
        "../../envs/workflow.yaml"
    resources:
        gpu=GPUS,
        micro_batch_tokens=0,  # by device
    params:
        spec=by_wildcards(SPECS.prediction_spec),
    shell:
        "python -m workflow.scripts.launch predict --task {wildcards.target} --spec {params.spec:q}"
        " --title '{wildcards.source} > {wildcards.target} (seed {wildcards.seed})' --run {input.run:q}"
        " --data {input.data:q} --tokens {input.tokens:q} --out {output.predictions:q} --log {log:q}"
        " --gpus {resources.gpu} --micro-batch-tokens {resources.micro_batch_tokens}"


rule score_target:
    """Score the predictions of a target with its official metrics, and write what each example adds to them."""
    input:
        run=FILES.tested_run,
        data=FILES.tested_data,
        predictions="results/{collection}/predictions/{model}/{source}/seed{seed}/{target}.parquet",
    output:
        scores="results/{collection}/scores/{model}/{source}/seed{seed}/{target}.json",
        examples="results/{collection}/examples/{model}/{source}/seed{seed}/{target}.parquet",
    log:
        "results/{collection}/logs/score/{model}/{source}/seed{seed}.{target}.log",
    conda:
        "../../envs/workflow.yaml"
    params:
        spec=by_wildcards(SPECS.score_spec),
    shell:
        "python -m workflow.scripts.launch score --collection {wildcards.collection}"
        " --model {wildcards.model} --source {wildcards.source} --target {wildcards.target} --seed {wildcards.seed}"
        " --data {input.data:q} --predictions {input.predictions:q} --run {input.run:q} --out {output.scores:q}"
        " --examples {output.examples:q} --log {log:q}"


rule write_submission:
    """Write the predictions of one model, source and seed as the files that XTREME's evaluate.py reads."""
    input:
        examples=FILES.submitted_examples,
        data=FILES.submitted_data,
    output:
        manifest="results/{collection}/submission/{model}/{source}/seed{seed}/manifest.json",
    log:
        "results/{collection}/logs/submission/{model}/{source}/seed{seed}.log",
    conda:
        "../../envs/workflow.yaml"
    params:
        spec=SPECS.submission_spec(),
    shell:
        "python -m workflow.scripts.launch write_submission --model {wildcards.model} --source {wildcards.source}"
        " --seed {wildcards.seed} --examples {input.examples:q} --data {input.data:q} --manifest {output.manifest:q}"
        " --log {log:q}"


rule collect_scores:
    """Collect all scores into one long table."""
    input:
        scores=FILES.score_files(),
    output:
        scores=f"results/{STUDY.collection}/scores.parquet",
    log:
        f"results/{STUDY.collection}/logs/collect_scores.log",
    conda:
        "../../envs/workflow.yaml"
    params:
        spec=SPECS.summary_spec("collect"),
        pattern=FILES.score_pattern,
    shell:
        "python -m workflow.scripts.launch collect_scores --scores {params.pattern:q} --out {output.scores:q}"
        " --log {log:q}"


rule measure_overlap:
    """Count the test inputs of every target that occur in the training data of every intermediate task."""
    input:
        train=FILES.intermediate_data,
        test=FILES.target_data,
    output:
        overlap=report(
            multiext("results/{collection}/tables/overlap", ".json", ".csv", ".md", ".tex"),
            caption="../report/overlap.rst",
            category="Tables",
        ),
    log:
        "results/{collection}/logs/overlap.log",
    conda:
        "../../envs/workflow.yaml"
    params:
        spec=SPECS.overlap_spec(),
    shell:
        "python -m workflow.scripts.launch measure_overlap --train {input.train:q} --test {input.test:q}"
        " --out-dir results/{wildcards.collection}/tables --log {log:q}"
