"""What a study will take before anything runs: jobs, tokens, operations, hours, disk, detectable effects."""
