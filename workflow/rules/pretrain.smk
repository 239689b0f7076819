"""Pretrain an encoder or decoder.

inputs   results/{collection}/tokens/{tokenizer}/{corpus}/train.arrow
outputs  results/{collection}/models/{model}/
"""


rule pretrain_model:
    """Train an XLM-R encoder as masked, or a decoder as causal language model, from random weights."""
    input:
        tokenizer=FILES.tokenizer_file,
        tokens=FILES.pretraining_tokens,
    output:
        model="results/{collection}/models/{model}/model.safetensors",
        config="results/{collection}/models/{model}/config.json",
        tokenizer="results/{collection}/models/{model}/tokenizer.json",
        tokenizer_config="results/{collection}/models/{model}/tokenizer_config.json",
        card="results/{collection}/models/{model}/README.md",
        run="results/{collection}/models/{model}/run.json",
    log:
        "results/{collection}/logs/pretrain/{model}.log",
    wildcard_constraints:
        model=one_of(model for model in STUDY.every_model() if not STUDY.is_fetched(model)),
    priority: 10
    conda:
        "../../envs/workflow.yaml"
    resources:
        gpu=GPUS,
        micro_batch_tokens=0,  # by device
        recompute_activations=0,
        tensorboard=lambda wildcards: FILES.event_folder,
        reuse=lambda wildcards: STUDY.reuse,
    params:
        spec=by_wildcards(SPECS.pretraining_spec),
    shell:
        "python -m workflow.scripts.launch --processes {resources.gpu} train --stage pretraining --title {wildcards.model:q}"
        " --spec {params.spec:q} --tokenizer {input.tokenizer:q} --tokens {input.tokens:q}"
        " --state results/{wildcards.collection}/state --run {output.run:q} --log {log:q}"
        " --gpus {resources.gpu} --micro-batch-tokens {resources.micro_batch_tokens}"
        " --recompute-activations {resources.recompute_activations} --tensorboard {resources.tensorboard:q}"
        " --reuse {resources.reuse:q}"
