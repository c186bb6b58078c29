"""From the plots of the graph's films to facts, each with the sentence that says it and a confidence.

`folding` makes spellings comparable, `sentences` cuts a text, `names` finds the known names in one pass,
`patterns` holds what the sentences say, `extractor` puts these together, `graph` reads and `command` writes.
"""


from ingest.extract.extractor import Extractor, Fact
from ingest.extract.names import Name, Names

__all__ = ["Extractor", "Fact", "Name", "Names"]
