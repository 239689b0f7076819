"""Retrieval at every layer of an encoder (config key `layer_sweep`): scores, their figure and table.

inputs   the encoders of the sources, tokens and data of the targets that need no fine-tuning
outputs  results/{collection}/layers/{model}/{source}/seed{seed}/{target}.json
         results/{collection}/figures/layers.svg, .png; results/{collection}/tables/layers.csv
"""


rule sweep_layers:
    """Score a retrieval target at every layer of an encoder, from one forward pass."""
    input:
        run=FILES.tested_run,
        tokens=FILES.tested_tokens,
        data=FILES.tested_data,
    output:
        layers="results/{collection}/layers/{model}/{source}/seed{seed}/{target}.json",
    log:
        "results/{collection}/logs/layers/{model}/{source}/seed{seed}.{target}.log",
    conda:
        "../../envs/workflow.yaml"
    resources:
        gpu=GPUS,
        micro_batch_tokens=0,  # by device
    params:
        spec=by_wildcards(SPECS.sweep_spec),
    shell:
        "python -m workflow.scripts.launch sweep_layers --task {wildcards.target} --spec {params.spec:q}"
        " --model {wildcards.model} --source {wildcards.source} --seed {wildcards.seed} --run {input.run:q}"
        " --data {input.data:q} --tokens {input.tokens:q} --out {output.layers:q} --log {log:q}"
        " --gpus {resources.gpu} --micro-batch-tokens {resources.micro_batch_tokens}"


rule plot_layers:
    """Draw the retrieval scores by layer."""
    input:
        layers=SWEEP.score_files,
    output:
        svg=report("results/{collection}/figures/layers.svg", caption="../report/layers.rst", category="Figures"),
        png="results/{collection}/figures/layers.png",
        csv=report("results/{collection}/tables/layers.csv", caption="../report/layers.rst", category="Tables"),
    log:
        "results/{collection}/logs/plot_layers.log",
    conda:
        "../../envs/workflow.yaml"
    params:
        spec=SPECS.summary_spec("figures"),
    shell:
        "python -m workflow.scripts.launch plot_layers --layers {input.layers:q} --svg {output.svg:q}"
        " --png {output.png:q} --csv {output.csv:q} --log {log:q}"
