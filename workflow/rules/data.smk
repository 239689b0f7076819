"""From dataset repositories to token sequences.

inputs   the provider of repositories (config `provider`)
outputs  results/{collection}/repositories/{task}/manifest.json   repositories in the Hub's layout
         results/{collection}/data/{task}/{split}.parquet         canonical rows, and their statistics
         results/{collection}/tokenizers/{tokenizer}/
         results/{collection}/tokens/{tokenizer}/{task}/{split}.arrow
"""


# On a cluster beside the queue: they need a network, which computing nodes often lack
localrules:
    fetch_dataset,


rule fetch_dataset:
    """Bring the repositories of one task into a folder."""
    output:
        manifest="results/{collection}/repositories/{task}/manifest.json",
    log:
        "results/{collection}/logs/fetch/{task}.log",
    conda:
        "../../envs/workflow.yaml"
    resources:
        mirror=lambda wildcards: STUDY.mirror,
        local_folders=lambda wildcards: STUDY.local_folders,
    params:
        spec=by_wildcards(SPECS.fetch_spec),
    shell:
        "python -m workflow.scripts.launch fetch_dataset --task {wildcards.task} --spec {params.spec:q}"
        " --mirror {resources.mirror:q} --local {resources.local_folders:q} --manifest {output.manifest:q} --log {log:q}"


rule prepare_task:
    """Turn one split of a task into checked canonical rows."""
    input:
        manifest="results/{collection}/repositories/{task}/manifest.json",
    output:
        table="results/{collection}/data/{task}/{split}.parquet",
        statistics="results/{collection}/data/{task}/{split}.json",
    log:
        "results/{collection}/logs/prepare/{task}.{split}.log",
    wildcard_constraints:
        task=one_of(task for task in TASKS if not STUDY.translates(task)),
    conda:
        "../../envs/workflow.yaml"
    params:
        spec=by_wildcards(SPECS.prepare_spec),
    shell:
        "python -m workflow.scripts.launch prepare_task --task {wildcards.task} --split {wildcards.split}"
        " --spec {params.spec:q} --manifest {input.manifest:q} --table {output.table:q}"
        " --statistics {output.statistics:q} --log {log:q}"


rule translate_task:
    """Translate one split of an English intermediate task by machine."""
    input:
        table=FILES.translated_table,
        models=FILES.translation_models,
    output:
        table="results/{collection}/data/{task}/{split}.parquet",
        statistics="results/{collection}/data/{task}/{split}.json",
    log:
        "results/{collection}/logs/translate/{task}.{split}.log",
    wildcard_constraints:
        task=one_of(task for task in TASKS if STUDY.translates(task)),
    conda:
        "../../envs/workflow.yaml"
    params:
        spec=by_wildcards(SPECS.translate_spec),
    shell:
        "python -m workflow.scripts.launch translate_task --task {wildcards.task} --split {wildcards.split}"
        " --spec {params.spec:q} --source {input.table:q} --models {input.models:q}"
        " --state results/{wildcards.collection}/state --table {output.table:q}"
        " --statistics {output.statistics:q} --log {log:q}"


rule train_tokenizer:
    """Train a sub-word tokenizer on the text of every language."""
    input:
        corpora=FILES.tokenizer_text,
    output:
        tokenizer="results/{collection}/tokenizers/{tokenizer}/tokenizer.json",
        config="results/{collection}/tokenizers/{tokenizer}/tokenizer_config.json",
    log:
        "results/{collection}/logs/tokenizer/{tokenizer}.log",
    wildcard_constraints:
        tokenizer=one_of(STUDY.settings["tokenizers"]),
    conda:
        "../../envs/workflow.yaml"
    params:
        spec=by_wildcards(SPECS.tokenizer_spec),
    shell:
        "python -m workflow.scripts.launch train_tokenizer --spec {params.spec:q} --corpora {input.corpora:q}"
        " --tokenizer {output.tokenizer:q} --config {output.config:q} --log {log:q}"


rule tokenize_task:
    """Encode one split of a task; all models with the tokenizer share the result."""
    input:
        tokenizer="results/{collection}/tokenizers/{tokenizer}/tokenizer.json",
        special="results/{collection}/tokenizers/{tokenizer}/tokenizer_config.json",
        table="results/{collection}/data/{task}/{split}.parquet",
        tags=FILES.tag_set,
    output:
        features="results/{collection}/tokens/{tokenizer}/{task}/{split}.arrow",
    log:
        "results/{collection}/logs/tokenize/{tokenizer}/{task}.{split}.log",
    conda:
        "../../envs/workflow.yaml"
    params:
        spec=by_wildcards(SPECS.tokenize_spec),
    shell:
        "python -m workflow.scripts.launch tokenize_task --task {wildcards.task} --spec {params.spec:q}"
        " --tokenizer {input.tokenizer:q} --table {input.table:q} --training-table {input.tags:q}"
        " --features {output.features:q} --log {log:q}"
