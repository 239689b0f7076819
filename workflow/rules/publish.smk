"""Prepare intermediate checkpoints for the Hub; to upload them is the user's (docs/how-to/share-checkpoints.md).

inputs   results/{collection}/intermediate/{model}/{source}/seed{seed}/
outputs  results/{collection}/published/{model}/{source}/seed{seed}/     a folder to upload as it is
"""


# On a cluster beside the queue: it takes seconds
localrules:
    publish_checkpoint,


rule publish_checkpoint:
    """Copy a checkpoint, write its model card and the hashes of its files."""
    input:
        run="results/{collection}/intermediate/{model}/{source}/seed{seed}/run.json",
        statistics=PUBLICATIONS.statistics,
        scores=PUBLICATIONS.scores,
    output:
        card="results/{collection}/published/{model}/{source}/seed{seed}/README.md",
        sums="results/{collection}/published/{model}/{source}/seed{seed}/SHA256SUMS",
    log:
        "results/{collection}/logs/publish/{model}/{source}/seed{seed}.log",
    wildcard_constraints:
        source=one_of(PUBLICATIONS.sources),
    conda:
        "../../envs/workflow.yaml"
    params:
        spec=by_wildcards(SPECS.publication_spec),
    shell:
        "python -m workflow.scripts.launch publish_checkpoint --run {input.run:q}"
        " --model {wildcards.model:q} --source {wildcards.source:q} --seed {wildcards.seed}"
        " --statistics {input.statistics:q} --scores {input.scores:q} --out {output.sums:q} --log {log:q}"


rule publish:
    """Folders of the intermediate checkpoints for the Hub (config key `publish`)."""
    input:
        PUBLICATIONS.sums,
