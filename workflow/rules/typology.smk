"""What each measure of typological distance says of the languages.

inputs   results/{collection}/languages.json
outputs  results/{collection}/tables/typology.*
"""


rule compare_distances:
    """Put all measures beside each other, and say how alike they rank the languages."""
    input:
        languages="results/{collection}/languages.json",
    output:
        distances=report(
            multiext("results/{collection}/tables/typology", ".csv", ".md", ".tex"),
            caption="../report/typology.rst",
            category="Tables",
        ),
        correlations="results/{collection}/tables/typology_correlations.csv",
    log:
        "results/{collection}/logs/typology.log",
    conda:
        "../../envs/workflow.yaml"
    params:
        spec=SPECS.typology_spec(),
    shell:
        "python -m workflow.scripts.launch compare_distances --languages {input.languages:q}"
        " --out-dir results/{wildcards.collection}/tables --log {log:q}"
