"""The Snakemake workflow: rules, schemas, report captions and scripts."""
