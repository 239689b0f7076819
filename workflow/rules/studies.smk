"""The studies of a configuration (key `studies`): their runs are jobs like those of the main study, and are analysed here.

inputs   results/{collection}/examples/{model}/{source}/seed{seed}/{target}.parquet of a study's design
outputs  results/{collection}/studies/{study}/ (workflow/scripts/study_files.py)
"""

for design in STUDY.designs:

    rule:
        name:
            f"analyse_{design.name}"
        input:
            examples=STUDIES.examples(design.name),
            runs=STUDIES.runs(design.name),
            extra=STUDIES.extra(design.name),
            languages=f"results/{STUDY.collection}/languages.json",
        output:
            design=STUDIES.outputs(design.name)[0],
            others=STUDIES.outputs(design.name)[1:],
        log:
            f"results/{STUDY.collection}/logs/studies/{design.name}.log",
        conda:
            "../../envs/workflow.yaml"
        params:
            spec=STUDIES.spec(design.name),
            runs=unchanged(patterns(STUDIES.runs(design.name))),
            extra=unchanged(patterns(STUDIES.extra(design.name))),
        shell:
            "python -m workflow.scripts.launch analyse_study --spec {params.spec:q}"
            f" --examples results/{STUDY.collection}/examples"
            " --runs {params.runs:q} --extra {params.extra:q}"
            " --languages {input.languages:q} --design {output.design:q} --log {log:q}"

    rule:
        name:
            f"study_{design.name}"
        input:
            STUDIES.target(design.name),


rule studies:
    """All studies of the configuration."""
    input:
        [STUDIES.target(name) for name in STUDIES.designs],


for line in STUDIES.announcements():
    tell(line)
