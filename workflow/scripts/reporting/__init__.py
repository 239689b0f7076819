"""Tables, figures and the report: pure functions of the long table of scores.

long_table the columns of the long table
scores     reads and checks the long table and the facts about languages
aggregate  means over languages, targets and seeds, gains against `none`, the best source per target
tables     what the tables hold;  formats: how they are written (CSV, Markdown, LaTeX)
figures    the heat map of gains and the scores against typological distance
findings   what the numbers say, in sentences
typology   all measures of typological distance beside each other, and how alike they rank the languages
costs      what each stage cost and what made the numbers, from the training manifests
report     one HTML file that opens offline
"""
