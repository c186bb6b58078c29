"""spaCy as a second recogniser: people, places and times that the graph has no name for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ingest.extract.extractor import Recogniser
from ingest.extract.names import Mention
from mmkg.errors import UsageError

if TYPE_CHECKING:
    from spacy.language import Language

LABELS = {"PERSON": "Person", "PER": "Person", "GPE": "Place", "LOC": "Place", "FAC": "Place"}
"""What spaCy's models call people and places, and what we call them."""
UNUSED = ("tagger", "parser", "lemmatizer", "attribute_ruler", "morphologizer", "senter", "textcat")
"""Components whose results nobody asks for here."""


def load(model: str) -> tuple[Recogniser, str]:
    """Load a spaCy model, installed or in a folder.

    Returns:
        The recogniser, and the name and version of the model: part of what an import's id is made of.

    Raises:
        UsageError: spaCy or the model is not installed, or the model finds no entities.
    """
    try:
        import spacy  # noqa: PLC0415  # an extra: everything else works without it
    except ImportError:
        raise UsageError(
            "spaCy is not installed", remedy="Install it with: pip install 'mmkg[nlp]'"
        ) from None
    try:
        pipeline: Language = spacy.load(model, exclude=UNUSED)
    except (OSError, ValueError, ImportError) as error:
        first = str(error).strip().splitlines()[0]
        raise UsageError(
            f"the spaCy model cannot be loaded ({first})",
            where=model,
            remedy="Install one, for instance with: python -m spacy download en_core_web_sm",
        ) from None
    if not {"ner", "entity_ruler", "span_ruler"} & set(pipeline.pipe_names):
        raise UsageError(
            "the spaCy model finds no entities", where=model, remedy="Use one with `ner` or `entity_ruler`"
        )

    def recognise(text: str) -> Sequence[Mention]:
        return [
            Mention(entity.start_char, entity.end_char, (), LABELS[entity.label_])
            for entity in pipeline(text).ents
            if entity.label_ in LABELS and entity.text.strip()
        ]

    meta = pipeline.meta
    return recognise, f"{meta.get('lang', '')}_{meta.get('name', '')} {meta.get('version', '')}"
