"""Train the trunks that sources of a given number of steps branch off, segment by segment; a segment serves all of them.

inputs   results/{collection}/models/{model}/                           pretrained encoder
         results/{collection}/tokens/{tokenizer}/{task}/train.arrow     of the source's tasks
         results/{collection}/trunks/{model}/{source}/seed{seed}/       of the duration before (workflow/scripts/source_names.py)
outputs  results/{collection}/trunks/{model}/{source}/seed{seed}/       the state at which the source's branch leaves
"""


rule train_trunk:
    """Train an encoder with a constant learning rate up to where the branch of a source leaves the trunk."""
    input:
        encoder=FILES.pretrained_weights,
        pretrained=FILES.language_model,
        tokenizer=FILES.tokenizer_file,
        tokens=FILES.trunk_tokens,
        trunk=FILES.preceding_trunk,
    output:
        state="results/{collection}/trunks/{model}/{source}/seed{seed}/state.safetensors",
        run="results/{collection}/trunks/{model}/{source}/seed{seed}/run.json",
    log:
        "results/{collection}/logs/trunk/{model}/{source}/seed{seed}.log",
    wildcard_constraints:
        source=one_of(STUDY.trunk_segments()),
    priority: 6
    conda:
        "../../envs/workflow.yaml"
    resources:
        gpu=GPUS,
        micro_batch_tokens=0,  # by device
        recompute_activations=0,
        tensorboard=lambda wildcards: FILES.event_folder,
        reuse=lambda wildcards: STUDY.reuse,
    params:
        spec=by_wildcards(SPECS.trunk_spec),
    shell:
        "python -m workflow.scripts.launch --processes {resources.gpu} train --stage trunk --spec {params.spec:q}"
        " --title '{wildcards.source} (seed {wildcards.seed})' --encoder {input.encoder:q}"
        " --pretrained {input.pretrained:q}"
        " --tokenizer {input.tokenizer:q} --tokens {input.tokens:q} --trunk {input.trunk:q}"
        " --trunk-out {output.state:q} --state results/{wildcards.collection}/state --run {output.run:q} --log {log:q}"
        " --gpus {resources.gpu} --micro-batch-tokens {resources.micro_batch_tokens}"
        " --recompute-activations {resources.recompute_activations} --tensorboard {resources.tensorboard:q}"
        " --reuse {resources.reuse:q}"
