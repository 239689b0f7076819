"""Pretrained models from elsewhere, and a folder with all that a study needs for a machine without network.

outputs  results/{collection}/models/{model}/          encoders, in place of those that the workflow pretrains
         results/{collection}/tokenizers/{model}/      their tokenizers
         results/{collection}/translators/{translator}/  translation models by language
         results/{collection}/intermediate/{model}/{source}/seed{seed}/  checkpoints of the key `imported`
         results/{collection}/bundle/
"""


# On a cluster beside the queue: they need a network, which computing nodes often lack
localrules:
    fetch_model,
    fetch_translator,
    import_checkpoint,
    bundle_inputs,


rule fetch_model:
    """Bring a pretrained encoder or decoder from a folder or the Hub."""
    output:
        model="results/{collection}/models/{model}/model.safetensors",
        config="results/{collection}/models/{model}/config.json",
        model_tokenizer="results/{collection}/models/{model}/tokenizer.json",
        model_tokenizer_config="results/{collection}/models/{model}/tokenizer_config.json",
        card="results/{collection}/models/{model}/README.md",
        run="results/{collection}/models/{model}/run.json",
        tokenizer="results/{collection}/tokenizers/{model}/tokenizer.json",
        tokenizer_config="results/{collection}/tokenizers/{model}/tokenizer_config.json",
    log:
        "results/{collection}/logs/fetch/{model}.log",
    wildcard_constraints:
        model=one_of(model for model in STUDY.every_model() if STUDY.is_fetched(model)),
    conda:
        "../../envs/workflow.yaml"
    resources:
        checkpoints=lambda wildcards: STUDY.checkpoints,
        mirror=lambda wildcards: STUDY.mirror,
    params:
        spec=by_wildcards(SPECS.checkpoint_spec),
    shell:
        "python -m workflow.scripts.launch fetch_model --model {wildcards.model:q} --spec {params.spec:q}"
        " --checkpoints {resources.checkpoints:q} --mirror {resources.mirror:q} --run {output.run:q}"
        " --tokenizer {output.tokenizer:q} --log {log:q}"


rule fetch_translator:
    """Bring the translation model of a language from a folder or the Hub."""
    output:
        run="results/{collection}/translators/{translator}/run.json",
    log:
        "results/{collection}/logs/fetch/translator.{translator}.log",
    conda:
        "../../envs/workflow.yaml"
    resources:
        translator_names=lambda wildcards: STUDY.translator_names,
        mirror=lambda wildcards: STUDY.mirror,
    params:
        spec=by_wildcards(SPECS.translator_spec),
    shell:
        "python -m workflow.scripts.launch fetch_model --kind translator --model {wildcards.translator:q}"
        " --spec {params.spec:q} --checkpoints {resources.translator_names:q} --mirror {resources.mirror:q}"
        " --run {output.run:q} --log {log:q}"


rule import_checkpoint:
    """Bring an intermediate checkpoint from a folder or the Hub."""
    input:
        pretrained="results/{collection}/models/{model}/model.safetensors",
        tokenizer=FILES.tokenizer_file,
    output:
        model="results/{collection}/intermediate/{model}/{source}/seed{seed}/model.safetensors",
        config="results/{collection}/intermediate/{model}/{source}/seed{seed}/config.json",
        tokenizer="results/{collection}/intermediate/{model}/{source}/seed{seed}/tokenizer.json",
        tokenizer_config="results/{collection}/intermediate/{model}/{source}/seed{seed}/tokenizer_config.json",
        card="results/{collection}/intermediate/{model}/{source}/seed{seed}/README.md",
        run="results/{collection}/intermediate/{model}/{source}/seed{seed}/run.json",
    log:
        "results/{collection}/logs/import/{model}/{source}/seed{seed}.log",
    wildcard_constraints:
        source=one_of(STUDY.settings["imported"]),
    conda:
        "../../envs/workflow.yaml"
    resources:
        checkpoint=by_wildcards(STUDY.imported_checkpoint),
        mirror=lambda wildcards: STUDY.mirror,
    params:
        spec=by_wildcards(SPECS.import_spec),
    shell:
        "python -m workflow.scripts.launch import_checkpoint --spec {params.spec:q}"
        " --title '{wildcards.source} (seed {wildcards.seed})' --checkpoint {resources.checkpoint:q}"
        " --mirror {resources.mirror:q} --pretrained {input.pretrained:q} --tokenizer {input.tokenizer:q}"
        " --run {output.run:q} --log {log:q}"


rule bundle_inputs:
    """Collect the data and models of the study into a folder in the layout of a mirror."""
    input:
        manifests=FILES.manifests(),
        models=[*FILES.fetched_models(), *FILES.imported_checkpoints()],
    output:
        sums=f"results/{STUDY.collection}/bundle/SHA256SUMS",
    log:
        f"results/{STUDY.collection}/logs/bundle.log",
    conda:
        "../../envs/workflow.yaml"
    shell:
        "python -m workflow.scripts.launch bundle_inputs --manifests {input.manifests:q} --models {input.models:q}"
        " --out {output.sums:q} --log {log:q}"
