"""The analyses of the kinds of studies: a module `<name>.py` with `analyse(design, runs, extra, rng) -> Analysis`."""
