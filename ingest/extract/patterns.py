"""What sentences say of a film, each way of saying it a pattern with a confidence of its own.

A pattern reads a masked sentence, in which `(Pierce Brosnan)` is a bracket with one sign in it. Its group `x`
holds the names that the fact is about: one, or a list.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from ingest.extract.vocabulary import (
    ADAPTED,
    ADAPTED_WORK,
    ADVERB,
    AND,
    BEGINNING,
    CREDITS,
    FILL,
    FILM,
    KNOWN,
    KNOWN_LIST,
    LEFT,
    LIST,
    LIST_OF_NAMES,
    MODIFIER,
    NOT_THE_FILM,
    OF_THE_FILM,
    POSSESSIVE,
    PROPER,
    QUOTE,
    TIME,
    VERBS,
    WORDS,
    WORK,
    compiled,
)

PERSON = ("Person",)
FILMS = ("Movie", "Film")
PLACES = ("Place", "Country", "City", "Location")


class Pattern(NamedTuple):
    """One way to state one relation."""

    name: str
    relation: str
    labels: tuple[str, ...]
    """What the other end of the relation may be."""
    expression: re.Pattern[str]
    confidence: float
    creates: str | None = None
    """The label of a new entity where the graph does not know the name; None where only known names count."""
    hinted: bool = False
    """True where a new entity also needs a recogniser (spaCy) that says the name is of this label."""
    to_film: bool = True
    """True where the relation leads from what was found to the film."""
    opening: bool = False
    """True where the pattern holds in the first sentence of a text alone."""


def _person(relation: str, name: str, expression: str, confidence: float, **options: Any) -> Pattern:
    """Make a pattern for a person who had a part in the film."""
    return Pattern(name, relation, PERSON, compiled(expression), confidence, **options)


def _has(
    relation: str, name: str, labels: tuple[str, ...], expression: str, confidence: float, **options: Any
) -> Pattern:
    """Make a pattern for something that the film has: its relation leads from the film."""
    return Pattern(name, relation, labels, compiled(expression), confidence, to_film=False, **options)


CAST = (
    _person(
        "ACTED_IN",
        "(X) after a character",
        rf"(?<=[\w,\"'\u201d\u2019.){KNOWN}{PROPER}])(?<!novel)(?<!book)(?<!play)(?<!story) ?[(\[] ?"
        rf"(?P<x>{LIST_OF_NAMES})(?:{POSSESSIVE})? ?[)\]]",
        0.9,
        creates="Person",
        hinted=True,
    ),
    _person(
        "ACTED_IN",
        "(X, …) after a character",
        rf"[(\[] ?(?!{KNOWN_LIST} ?[)\]])"
        r"(?![^()\[\]]*\b(?:director|directed|writer|written|author|novel|by|not|like)\b)"
        rf"(?:(?:an?|the) )?{WORDS}{{0,4}}(?P<x>{KNOWN_LIST})(?:,[^()\[\]]*| (?:in|as|at)\b[^()\[\]]*)?[)\]]",
        0.75,
    ),
    _person(
        "ACTED_IN",
        "played by",
        rf"\b(?:played|portrayed|voiced|performed|impersonated) {ADVERB}by {MODIFIER}(?P<x>{LIST})",
        0.95,
        creates="Person",
    ),
    _person("ACTED_IN", "voice of", rf"\bvoices? (?:of|by) {MODIFIER}(?P<x>{KNOWN_LIST})", 0.7),
    _person("ACTED_IN", "starring", rf"\b(?:co-)?starring {MODIFIER}(?P<x>{LIST})", 0.95, creates="Person"),
    _person("ACTED_IN", "stars X", rf"\b(?:co-)?stars {MODIFIER}(?P<x>{LIST})", 0.85),
    _person("ACTED_IN", "features X", rf"\b(?:features|featuring) {MODIFIER}(?P<x>{LIST})", 0.6),
    _person("ACTED_IN", "X stars", rf"{LEFT}(?P<x>{KNOWN_LIST}) (?:co-)?(?:stars?|starred)\b", 0.9),
    _person(
        "ACTED_IN",
        "X plays",
        rf"{LEFT}(?P<x>{KNOWN_LIST}) (?:plays?|portrays?|is cast as|appears? as|returns? as|is back as)\b",
        0.85,
    ),
    _person(
        "ACTED_IN",
        "X in the title role",
        r"(?P<x><K>) (?:in the (?:title|lead|leading|starring) role|as (?:him|her)self)\b",
        0.8,
    ),
    _person("ACTED_IN", "with X as", r"\bwith (?P<x><K>) (?:as|in the role of) ", 0.8),
    _person("ACTED_IN", "star X", rf"\b(?:[\w-]+/)+(?:star|actor|actress) (?P<x>{KNOWN_LIST})", 0.8),
)


def _credits() -> list[Pattern]:
    """Make the patterns of `directed, written and produced by`: each verb is a fact of its own."""
    found = []
    for name, (relation, verbs) in CREDITS.items():
        credit = rf"{NOT_THE_FILM}\b(?:(?:{VERBS}){AND})*(?:{verbs})(?:{AND}(?:{VERBS}))* by "
        who = rf"(?:and (?:co-)?starring )?{MODIFIER}(?P<x>{LIST})"
        found += [
            _person(relation, name, OF_THE_FILM + credit + who, 0.95, creates="Person"),
            # Of the film, or of something in it: less sure.
            _person(relation, f"{name}, of something", credit + who, 0.6),
        ]
    return found


CREW = (
    *_credits(),
    _person(
        "DIRECTED",
        "director X",
        rf"\b(?:[\w-]+/)*(?:director|film-?maker|auteur)(?:/[\w-]+)*s? (?P<x>{KNOWN_LIST})",
        0.7,
    ),
    _person(
        "DIRECTED", "a film by X", rf"\b(?:{FILM}|debut) (?:by|from|of) {MODIFIER}(?P<x>{KNOWN_LIST})", 0.85
    ),
    _person(
        "DIRECTED",
        "X's film",
        rf"(?P<x><K>){POSSESSIVE} (?:[\w-]+ ){{0,3}}?(?:film|movie|documentary|directorial)\b",
        0.55,
    ),
    _person(
        "DIRECTED", "X directs", rf"{LEFT}(?P<x>{KNOWN_LIST}) (?:directs?|directed|helms?|helmed)\b", 0.75
    ),
    _person(
        "WROTE",
        "writer X",
        rf"\b(?:[\w-]+/)*(?:screenwriter|(?<=/)writer|writer(?=/))(?:/[\w-]+)*s? (?P<x>{KNOWN_LIST})",
        0.7,
    ),
    _person(
        "WROTE",
        "screenplay by",
        rf"\b(?:screenplay|script) (?:is )?(?:written )?by {MODIFIER}(?P<x>{LIST})",
        0.9,
        creates="Person",
    ),
    _person("PRODUCED", "producer X", rf"\bproducers? (?P<x>{KNOWN_LIST})", 0.6),
    _person(
        "SHOT",
        "cinematography by",
        rf"\b(?:cinematography|photography|camerawork) by {MODIFIER}(?P<x>{LIST})",
        0.9,
        creates="Person",
    ),
    _person(
        "COMPOSED",
        "music by",
        rf"\b(?:music|score|soundtrack) (?:is )?(?:(?:composed|written) )?by {MODIFIER}(?P<x>{LIST})",
        0.8,
    ),
)
WORKS = (
    _has(
        "BASED_ON_WORK_BY",
        "based on a work by",
        PERSON,
        rf"{ADAPTED_WORK} (?:written )?by {MODIFIER}(?P<x>{LIST})",
        0.9,
        creates="Person",
    ),
    _has(
        "BASED_ON_WORK_BY",
        "based on X's work",
        PERSON,
        rf"\b{ADAPTED} (?:the )?{MODIFIER}(?P<x><N>)(?:{POSSESSIVE})? "
        rf"(?:(?!true\b|real\b|life\b)(?:[\w'\u2019-]+|<P>) ){{0,4}}?{WORK}\b",
        0.85,
        creates="Person",
    ),
    _has(
        "SEQUEL_OF",
        "sequel to",
        FILMS,
        rf"\b(?:sequel|follow-up) (?:to|of) {WORDS}{{0,4}}{QUOTE}(?P<x><K>)",
        0.85,
    ),
    Pattern(
        "prequel to",
        "SEQUEL_OF",
        FILMS,
        compiled(rf"\bprequel (?:to|of) {WORDS}{{0,4}}{QUOTE}(?P<x><K>)"),
        0.85,
    ),
    _has("REMAKE_OF", "remake of", FILMS, rf"\bremake of {WORDS}{{0,4}}{QUOTE}(?P<x><K>)", 0.85),
)
SETTINGS = (
    _has(
        "SET_IN",
        "set in a place",
        PLACES,
        rf"(?:\b(?:is|are|story|tale|drama|comedy|thriller|film|movie|and|it) |{BEGINNING}|[,(] ?){ADVERB}"
        rf"(?:set|takes place|taking place) {ADVERB}(?:in|on|at) {FILL}(?P<x><N>(?:, <N>)?)(?!['\u2019\w])",
        0.75,
        creates="Place",
    ),
    _has(
        "SET_IN",
        "set in a time",
        ("Period",),
        rf"\b(?:set|takes place) {ADVERB}(?:in|during) [^.;,{TIME}]{{0,40}}?(?P<x><T>)",
        0.85,
        creates="Period",
    ),
    _has(
        "SET_IN",
        "opening with a time",
        ("Period",),
        rf"{BEGINNING}(?:in|it is|it['\u2019]s|the year is)? ?(?:the )?"
        r"(?:year |summer of |early |late |mid-? ?)?(?P<x><T>)",
        0.6,
        creates="Period",
        opening=True,
    ),
)
AWARDED = (
    _has(
        "WON",
        "the film won",
        ("Award",),
        rf"\b(?:this|the) {FILM} {WORDS}{{0,2}}?(?:won|received|earned) [^.;]{{0,40}}?(?P<x><K>)",
        0.8,
    ),
    _has(
        "WON",
        "winner of",
        ("Award",),
        rf"(?:{BEGINNING}|, ?(?:the )?)winner of [^.;]{{0,40}}?(?P<x><K>)",
        0.8,
    ),
    _has("WON", "award-winning film", ("Award",), rf"(?P<x><K>)[- ]winning (?:[\w-]+ ){{0,2}}?{FILM}\b", 0.7),
    _has(
        "NOMINATED_FOR",
        "the film was nominated for",
        ("Award",),
        rf"\b(?:this|the) {FILM} [^.;]{{0,20}}?nominated for [^.;]{{0,40}}?(?P<x><K>)",
        0.8,
    ),
    _has(
        "NOMINATED_FOR",
        "award-nominated film",
        ("Award",),
        rf"(?P<x><K>)[- ]nominated (?:[\w-]+ ){{0,2}}?{FILM}\b",
        0.7,
    ),
)
PATTERNS: tuple[Pattern, ...] = (*CAST, *CREW, *WORKS, *SETTINGS, *AWARDED)
"""All patterns; of several that find the same fact the surest counts."""
