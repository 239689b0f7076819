"""What encoders forget: masked-token prediction by language (study `duration`, option `perplexity`).

inputs   the pretrained model, an encoder after a source, tokens and data of a retrieval target
outputs  results/{collection}/perplexity/{model}/{source}/seed{seed}/{target}.json
"""


rule measure_perplexity:
    """Measure the loss of an encoder on masked tokens in each language."""
    input:
        pretrained="results/{collection}/models/{model}/run.json",
        run=FILES.encoder_run,
        tokens=FILES.tested_tokens,
        data=FILES.tested_data,
    output:
        perplexity="results/{collection}/perplexity/{model}/{source}/seed{seed}/{target}.json",
    log:
        "results/{collection}/logs/perplexity/{model}/{source}/seed{seed}.{target}.log",
    conda:
        "../../envs/workflow.yaml"
    resources:
        gpu=GPUS,
        micro_batch_tokens=0,  # by device
    params:
        spec=SPECS.perplexity_spec(),
    shell:
        "python -m workflow.scripts.launch measure_perplexity --spec {params.spec:q} --pretrained {input.pretrained:q}"
        " --run {input.run:q} --tokens {input.tokens:q} --data {input.data:q} --out {output.perplexity:q} --log {log:q}"
        " --gpus {resources.gpu} --micro-batch-tokens {resources.micro_batch_tokens}"
