"""How the relation types of triple files become ours: a table for Freebase and Satori, a rule for others."""

from __future__ import annotations

import re
from typing import NamedTuple

from ingest.rows import FieldError
from kg.model import RELATION_TYPE

NOT_IN_TYPE = re.compile(r"[^A-Z0-9]+")
RESERVED = frozenset(
    {"CLICKED", "RATED", "CO_CLICKED", "SAME_AS", "SIMILAR_TO", "NEAR_DUPLICATE_OF", "NEXT_TO"}
    | {"CUT_FROM", "FRAME_OF", "SOUNDTRACK_OF"}
    | {"POSTER_OF", "STILL_OF", "TRAILER_OF", "CLIP_OF", "AUDIO_OF", "TEXT_OF", "IMAGE_OF"}
)
"""Types between users, films and media, which no triple file may state."""


class Fact(NamedTuple):
    """What a relation type of a file means."""

    type: str
    start: str | None
    """The label of the node that the relation starts at, None where the file does not tell."""
    end: str | None
    from_tail: bool = False
    """True where the relation starts at the tail of the triple."""


FREEBASE = {
    "film.film.actor": Fact("ACTED_IN", "Person", "Film", True),
    "film.actor.film": Fact("ACTED_IN", "Person", "Film"),
    "film.film.directed_by": Fact("DIRECTED", "Person", "Film", True),
    "film.director.film": Fact("DIRECTED", "Person", "Film"),
    "film.film.written_by": Fact("WROTE", "Person", "Film", True),
    "film.writer.film": Fact("WROTE", "Person", "Film"),
    "film.film.produced_by": Fact("PRODUCED", "Person", "Film", True),
    "film.producer.film": Fact("PRODUCED", "Person", "Film"),
    "film.film.cinematography": Fact("SHOT", "Person", "Film", True),
    "film.cinematographer.film": Fact("SHOT", "Person", "Film"),
    "film.film.genre": Fact("HAS_GENRE", "Film", "Genre"),
    "film.film_genre.films_in_this_genre": Fact("HAS_GENRE", "Film", "Genre", True),
    "film.film.language": Fact("IN_LANGUAGE", "Film", "Language"),
    "film.film.country": Fact("FROM_COUNTRY", "Film", "Country"),
    "film.film.production_companies": Fact("MADE_BY", "Film", "Company"),
    "film.production_company.films": Fact("MADE_BY", "Film", "Company", True),
    "film.film.award_nomination": Fact("NOMINATED_FOR", "Film", "Award"),
    "film.film.award_won": Fact("WON", "Film", "Award"),
    "film.film.rating": Fact("HAS_RATING", "Film", "Rating"),
    "film.content_rating.film": Fact("HAS_RATING", "Film", "Rating", True),
    "film.film.subjects": Fact("ABOUT", "Film", "Keyword"),
    "film.film_subject.films": Fact("ABOUT", "Film", "Keyword", True),
    "film.film.prequel": Fact("SEQUEL_OF", "Film", "Film"),  # the tail is the earlier film
    "film.film.sequel": Fact("SEQUEL_OF", "Film", "Film", True),
    # Satori's names, where they differ from Freebase's.
    "film.film.star": Fact("ACTED_IN", "Person", "Film", True),
    "film.film.director": Fact("DIRECTED", "Person", "Film", True),
    "film.film.writer": Fact("WROTE", "Person", "Film", True),
    "film.film.producer": Fact("PRODUCED", "Person", "Film", True),
    "film.film.cinematographer": Fact("SHOT", "Person", "Film", True),
    "film.film.music": Fact("COMPOSED", "Person", "Film", True),
    "film.film.editor": Fact("EDITED", "Person", "Film", True),
    "film.editor.film": Fact("EDITED", "Person", "Film"),
    "film.film.production_company": Fact("MADE_BY", "Film", "Company"),
    "film.production_company.film": Fact("MADE_BY", "Film", "Company", True),
}
"""Freebase says most things twice, from either end; both become the same relation. Satori, from which
RippleNet and MKR have their triples, has Freebase's names for most."""


def fact(relation: str) -> Fact:
    """Tell what a relation of a triple file means: `acted in` becomes `ACTED_IN`, from head to tail.

    Raises:
        FieldError: no relation type can be made of it, or one that triples may not state.
    """
    if relation in FREEBASE:
        return FREEBASE[relation]
    name = NOT_IN_TYPE.sub("_", relation.upper()).strip("_")
    if not RELATION_TYPE.fullmatch(name):
        raise FieldError("relation", "no relation type can be made of it", relation)
    if name in RESERVED:
        raise FieldError("relation", "this relation is not for triples", relation)
    return Fact(name, None, None)
