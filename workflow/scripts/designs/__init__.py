"""Designs of studies (key `studies`): factors and levels, the runs that they amount to, what they can detect.

What a configuration asks for, before anything has run; `studies/` analyses what the runs gave.

duration    steps of intermediate training × model size
nli_scaling intermediate examples × model size
similarity  similarity of source and target × compute budget
typology    many tasks or one × distance of languages
domain      text of a domain or general text × slices and languages
"""
