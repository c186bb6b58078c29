"""From the plots of the graph's films to facts, each with the sentence that says it and a confidence.

`folding` makes spellings comparable, `sentences` cuts a text, `names` finds the known names in one pass,
`vocabulary` and `patterns` hold what sentences say of a film, `masking` and `extractor` apply them, `nlp`
adds spaCy where it is wanted, `graph` reads and `command` writes.
"""
