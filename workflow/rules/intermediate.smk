"""Train the pretrained encoder on an English intermediate task or mixture; once per seed, for all targets.

inputs   results/{collection}/models/{model}/                        pretrained encoder
         results/{collection}/tokens/{tokenizer}/{task}/train.arrow  of the source's tasks
         results/{collection}/trunks/{model}/{source}/seed{seed}/    of a source with a number of steps
outputs  results/{collection}/intermediate/{model}/{source}/seed{seed}/
"""


rule train_intermediate:
    """Train an encoder on an intermediate task."""
    input:
        encoder=FILES.pretrained_weights,
        pretrained=FILES.language_model,
        tokenizer=FILES.tokenizer_file,
        tokens=FILES.intermediate_tokens,
        dev=FILES.intermediate_dev,
        trunk=FILES.trunk,
    output:
        model="results/{collection}/intermediate/{model}/{source}/seed{seed}/model.safetensors",
        head="results/{collection}/intermediate/{model}/{source}/seed{seed}/head.safetensors",
        config="results/{collection}/intermediate/{model}/{source}/seed{seed}/config.json",
        tokenizer="results/{collection}/intermediate/{model}/{source}/seed{seed}/tokenizer.json",
        tokenizer_config="results/{collection}/intermediate/{model}/{source}/seed{seed}/tokenizer_config.json",
        card="results/{collection}/intermediate/{model}/{source}/seed{seed}/README.md",
        run="results/{collection}/intermediate/{model}/{source}/seed{seed}/run.json",
    log:
        "results/{collection}/logs/intermediate/{model}/{source}/seed{seed}.log",
    wildcard_constraints:
        model=one_of(model for model in STUDY.every_model() if not STUDY.has_adapter(model)),
        source=one_of(trained_names(STUDY)),
    priority: 5
    conda:
        "../../envs/workflow.yaml"
    resources:
        gpu=GPUS,
        micro_batch_tokens=0,  # by device
        recompute_activations=0,
        tensorboard=lambda wildcards: FILES.event_folder,
        reuse=lambda wildcards: STUDY.reuse,
    params:
        spec=by_wildcards(SPECS.intermediate_spec),
    shell:
        "python -m workflow.scripts.launch --processes {resources.gpu} train --stage intermediate --spec {params.spec:q}"
        " --title '{wildcards.source} (seed {wildcards.seed})' --encoder {input.encoder:q}"
        " --pretrained {input.pretrained:q}"
        " --tokenizer {input.tokenizer:q} --tokens {input.tokens:q} --data {input.dev:q}"
        " --trunk {input.trunk:q} --state results/{wildcards.collection}/state --run {output.run:q} --log {log:q}"
        " --gpus {resources.gpu} --micro-batch-tokens {resources.micro_batch_tokens}"
        " --recompute-activations {resources.recompute_activations} --tensorboard {resources.tensorboard:q}"
        " --reuse {resources.reuse:q}"
