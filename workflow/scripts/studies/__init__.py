"""The studies of a configuration (key `studies`): design, estimates, verdict (docs/studies.md).

design      factors and levels, the runs that they amount to, the primary contrast and what it can detect
estimates   linear contrasts of scores with their intervals, from the tables of examples
verdict     what an estimate says, and what not
duration    steps of intermediate training × model size
nli_scaling intermediate examples × model size
similarity  similarity of source and target × compute budget
typology    many tasks or one × distance of languages
domain      text of a domain or general text × slices and languages
"""
