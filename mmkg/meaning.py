"""What a text means, as numbers that `mmkg.search` compares with the texts of films."""

from __future__ import annotations

from gnn import encoders
from kg import Graph
from mmkg.errors import ModelError, UsageError
from mmkg.settings import Settings

TEXT_ENCODER = """
MATCH (m:Model) WHERE m.id = $model OR ($model IS NULL AND m.active) RETURN m.text_encoder AS version
"""


def encode(settings: Settings, text: str, *, model: str | None = None) -> list[float]:
    """Encode a text as the films' texts of a model were encoded.

    Args:
        settings: where the graph is.
        text: a word, a sentence or more; beyond 256 word pieces nothing is read.
        model: the id of a model; the active one unless told.

    Returns:
        The numbers of the encoder of texts, of unit length.

    Raises:
        UsageError: the text is blank.
        ModelError: another version of the encoder made the films' vectors, so that they do not compare.
        ConnectError: the database is away.

    Example:
        >>> graph.search("a robot in love", vector=encode(settings, "a robot in love"))
    """
    if not text.strip():
        raise UsageError("there is no text to search for")
    encoder = encoders.make("text")
    with Graph.connect(settings) as graph:
        rows = graph.read(TEXT_ENCODER, model=model)
    # Where there is no such model or it knows no text, the procedure says so.
    if any(row["version"] not in (None, encoder.version) for row in rows):
        raise ModelError(
            "the films' texts were encoded by another version of the encoder",
            remedy="Run `mmkg train`, then `mmkg embed`",
        )
    return [float(number) for number in encoder.encode([text])[0]]
