"""Fine-tune every encoder on the English training data of each target; targets with one training set share the model.

inputs   results/{collection}/{models,intermediate}/{model}/…        encoder of a source
         results/{collection}/tokens/{tokenizer}/{task}/train.arrow
outputs  results/{collection}/finetuned/{model}/{source}/seed{seed}/{task}/
"""


rule finetune_target:
    """Fine-tune an encoder on the training data of a target."""
    input:
        encoder=FILES.encoder_weights,
        tokenizer=FILES.tokenizer_file,
        tokens=FILES.finetuning_tokens,
        dev=FILES.finetuning_dev,
    output:
        model="results/{collection}/finetuned/{model}/{source}/seed{seed}/{task}/model.safetensors",
        head="results/{collection}/finetuned/{model}/{source}/seed{seed}/{task}/head.safetensors",
        config="results/{collection}/finetuned/{model}/{source}/seed{seed}/{task}/config.json",
        tokenizer="results/{collection}/finetuned/{model}/{source}/seed{seed}/{task}/tokenizer.json",
        tokenizer_config="results/{collection}/finetuned/{model}/{source}/seed{seed}/{task}/tokenizer_config.json",
        card="results/{collection}/finetuned/{model}/{source}/seed{seed}/{task}/README.md",
        run="results/{collection}/finetuned/{model}/{source}/seed{seed}/{task}/run.json",
    log:
        "results/{collection}/logs/finetune/{model}/{source}/seed{seed}.{task}.log",
    wildcard_constraints:
        model=one_of(model for model in STUDY.every_model() if not STUDY.has_adapter(model)),
    conda:
        "../../envs/workflow.yaml"
    resources:
        gpu=GPUS,
        micro_batch_tokens=0,  # by device
        recompute_activations=0,
        tensorboard=lambda wildcards: FILES.event_folder,
        reuse=lambda wildcards: STUDY.reuse,
    params:
        spec=by_wildcards(SPECS.finetuning_spec),
    shell:
        "python -m workflow.scripts.launch --processes {resources.gpu} train --stage finetuning --spec {params.spec:q}"
        " --title '{wildcards.source} > {wildcards.task} (seed {wildcards.seed})' --encoder {input.encoder:q}"
        " --tokenizer {input.tokenizer:q} --tokens {input.tokens:q} --data {input.dev:q}"
        " --state results/{wildcards.collection}/state --run {output.run:q} --log {log:q}"
        " --gpus {resources.gpu} --micro-batch-tokens {resources.micro_batch_tokens}"
        " --recompute-activations {resources.recompute_activations} --tensorboard {resources.tensorboard:q}"
        " --reuse {resources.reuse:q}"
