"""Analyses of studies (docs/studies.md): from the scores of a design's runs to estimates and a verdict.

runs        what the runs of a design gave
estimates   linear contrasts of scores with their intervals, from the tables of examples
verdict     what an estimate says, and what not
analyses    of each study, with its tables and figures
"""
