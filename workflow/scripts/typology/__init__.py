"""Typological distances between languages: feature vectors, which codes stand for a language, formulas, coverage.

formulas     distances between two vectors of features, pure functions
vectors      reading the vectors in `reference/typology`
measures     the measures that a configuration can name: a part of the vectors and a formula
uriel        where the vectors came from: the program that extracts them from the package lang2vec
"""
