"""What sentences say of a film, as regular expressions over sentences whose names are masked.

A name stands in the masked sentence as one sign, whatever its length: `KNOWN` where the graph has the name,
`PROPER` where it merely looks like one, `TIME` for a year, a decade or a century. In the patterns below they are
written K, P and T in angle brackets, and <N> is any name. The group `x` holds the names that the fact is about.
"""

from __future__ import annotations

import re
from typing import NamedTuple

KNOWN, PROPER, TIME = "\ue000", "\ue001", "\ue002"
SIGNS = {"<K>": KNOWN, "<P>": PROPER, "<N>": f"[{KNOWN}{PROPER}]", "<T>": TIME}

FILM = r"(?:film|movie|motion picture|picture|documentary|drama|comedy|thriller|western|musical|masterpiece)"
WORK = (
    r"(?:novels?|novella|books?|plays?|stor(?:y|ies)|short stor(?:y|ies)|bestsellers?|best-sellers?|memoirs?"
    r"|autobiography|biography|comics?|comic books?|comic strip|tales?|poem|opera|musical|classic)"
)
ROLE = (
    r"(?:film-?maker|film director|director|auteur|writer|author|novelist|playwright|actor|actress|star|comedian"
    r"|legend|veteran|newcomer|master|producer|screenwriter|cinematographer)"
)
SEPARATOR = r"(?:\s*[,/&;]\s*(?:and\s+)?|\s+and\s+|\s+or\s+)"
PART = r"(?:\s+as\s+[^,;.()]{1,60}?|\s*\([^()]{1,60}\))?"
"""What stands between two names of a list: the character that the first of them plays."""
LIST = rf"<N>(?:{PART}{SEPARATOR}<N>)*"
KNOWN_LIST = rf"<K>(?:{SEPARATOR}<K>)*"
MODIFIER = rf"(?:(?:(?:[\w'\u2019-]+|<P>)\s+){{0,3}}{ROLE}s?\s+)?"
"""`acclaimed French filmmaker`, before a name."""
LEFT = rf"(?:(?<![^\n])|(?<=[,;:(\u2014\u2013-])\s*|\b(?:and|where|while|when|which|in|with|{ROLE}s?)\s+)"
"""Where a name may begin that says by itself who does something."""
AUTHORED = (
    rf"(?:based\s+(?:up)?on|adapted\s+from|adaptation\s+of|inspired\s+by|film\s+of|version\s+of|retelling\s+of"
    rf"|from)\s+(?:(?!true\b|real\b)[^.;]){{0,80}}?\b{WORK}\b[^.;{KNOWN}{PROPER}]{{0,30}}?"
)
FILL = r"(?:(?:[a-z][\w'\u2019-]*|<T>),?\s+){0,4}?"
"""Words between `in` and a place: `contemporary`, `the north of`."""


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
    from_film: bool = False
    """True where the relation leads from the film to what was found."""
    reverse: bool = False
    """True where the film found is the one that the relation starts at."""
    opening: bool = False
    """True where the pattern holds in the first sentence of a text alone."""


def _compile(expression: str) -> re.Pattern[str]:
    for sign, character in SIGNS.items():
        expression = expression.replace(sign, character)
    return re.compile(expression, re.IGNORECASE)


def _person(
    name: str, relation: str, expression: str, confidence: float, creates: bool = False, hinted: bool = False
) -> Pattern:
    new = "Person" if creates or hinted else None
    return Pattern(name, relation, ("Person",), _compile(expression), confidence, new, hinted)


CREDITS = {
    "directed by": ("DIRECTED", "(?:co-)?directed|helmed"),
    "written by": ("WROTE", "(?:co-)?written|scripted|penned"),
    "produced by": ("PRODUCED", "(?:co-)?produced"),
    "photographed by": ("SHOT", "photographed|lensed"),
}
VERBS = "|".join(verbs for _, verbs in CREDITS.values())
AND = r"(?:\s*[,/&]\s*(?:and\s+)?|\s+and\s+)"
NOT_OF_THE_FILM = r"(?<!to be )(?<!novel )(?<!book )(?<!play )(?<!story )(?<!letter )(?<!letters )"
"""What must not stand before a verb: `a novel written by` tells who wrote the novel."""


def _credits() -> list[Pattern]:
    """Make the patterns of `directed, written and produced by`: each verb of the chain is a fact of its own."""
    found = []
    for name, (relation, verbs) in CREDITS.items():
        credit = rf"{NOT_OF_THE_FILM}\b(?:(?:{VERBS}){AND})*(?:{verbs})(?:{AND}(?:{VERBS}))*\s+by\s+"
        who = rf"(?:and\s+(?:co-)?starring\s+)?{MODIFIER}(?P<x>{LIST})"
        film = rf"(?:(?<![^\n])|\b{FILM}\b(?:(?!\b{WORK}\b)[^.;]){{0,60}}?|[,(]\s*|\band\s+)"
        found += [
            _person(name, relation, film + credit + who, 0.95, creates=True),
            # Of the film, or of something in it: less sure.
            _person(f"{name}, of something", relation, credit + who, 0.6),
        ]
    return found


PATTERNS: tuple[Pattern, ...] = (
    # People: cast
    _person(
        "(X) after a character",
        "ACTED_IN",
        rf"(?<=[\w,\"'\u201d\u2019.{KNOWN}{PROPER}])(?<!novel)(?<!book)(?<!play)(?<!story)\s*[(\[]\s*"
        rf"(?P<x><N>(?:{SEPARATOR}<N>)*)\s*[)\]]",
        0.9,
        hinted=True,
    ),
    _person(
        "(X, …) after a character",
        "ACTED_IN",
        rf"[(\[]\s*(?!(?:[^()\[\]]*\b(?:director|directed|writer|written|author|novel|by|not|like)\b))"
        rf"(?:(?:an?|the)\s+)?(?:[a-z][\w-]*\s+){{0,4}}(?P<x>{KNOWN_LIST})(?:,[^()\[\]]*|\s+(?:in|as|at)\b[^()\[\]]*)?[)\]]",
        0.75,
    ),
    _person(
        "played by",
        "ACTED_IN",
        rf"\b(?:played|portrayed|voiced|performed|impersonated)\s+(?:[a-z]+ly\s+)?by\s+{MODIFIER}(?P<x>{LIST})",
        0.95,
        creates=True,
    ),
    _person("voice of", "ACTED_IN", rf"\bvoices?\s+(?:of|by)\s+{MODIFIER}(?P<x>{KNOWN_LIST})", 0.7),
    _person("starring", "ACTED_IN", rf"\b(?:co-)?starring\s+{MODIFIER}(?P<x>{LIST})", 0.95, creates=True),
    _person("stars X", "ACTED_IN", rf"\b(?:co-)?stars\s+{MODIFIER}(?P<x>{LIST})", 0.85),
    _person("features X", "ACTED_IN", rf"\b(?:features|featuring)\s+{MODIFIER}(?P<x>{LIST})", 0.6),
    _person("X stars", "ACTED_IN", rf"{LEFT}(?P<x>{KNOWN_LIST})\s+(?:co-)?(?:stars?|starred)\b", 0.9),
    _person(
        "X plays",
        "ACTED_IN",
        rf"{LEFT}(?P<x>{KNOWN_LIST})\s+(?:plays?|portrays?|is\s+cast\s+as|appears?\s+as)\b",
        0.85,
    ),
    _person(
        "X in the title role",
        "ACTED_IN",
        r"(?P<x><K>)\s+(?:in\s+the\s+(?:title|lead|leading|starring)\s+role|as\s+(?:him|her)self)\b",
        0.8,
    ),
    _person("with X as", "ACTED_IN", r"\bwith\s+(?P<x><K>)\s+(?:as|in\s+the\s+role\s+of)\s+", 0.8),
    _person("star X", "ACTED_IN", rf"\b(?:[\w-]+/)+(?:star|actor|actress)\s+(?P<x>{KNOWN_LIST})", 0.8),
    # People: behind the camera
    *_credits(),
    _person("director X", "DIRECTED", rf"\b(?:[\w-]+/)*(?:director|film-?maker|auteur)(?:/[\w-]+)*s?\s+(?P<x>{KNOWN_LIST})", 0.7),
    _person("a film by X", "DIRECTED", rf"\b(?:{FILM}|debut)\s+(?:by|from|of)\s+{MODIFIER}(?P<x>{LIST})", 0.85),
    _person("X's film", "DIRECTED", rf"(?P<x><K>)['\u2019]s?\s+(?:[\w-]+\s+){{0,3}}?(?:film|movie|documentary|directorial)\b", 0.55),
    _person("X directs", "DIRECTED", rf"{LEFT}(?P<x>{KNOWN_LIST})\s+(?:directs?|directed|helms?|helmed)\b", 0.75),
    _person("writer X", "WROTE", rf"\b(?:[\w-]+/)*(?:screenwriter|(?<=/)writer|writer(?=/))(?:/[\w-]+)*s?\s+(?P<x>{KNOWN_LIST})", 0.7),
    _person("screenplay by", "WROTE", rf"\b(?:screenplay|script)\s+(?:is\s+)?(?:written\s+)?by\s+{MODIFIER}(?P<x>{LIST})", 0.9, creates=True),
    _person("producer X", "PRODUCED", rf"\bproducers?\s+(?P<x>{KNOWN_LIST})", 0.6),
    _person("cinematography by", "SHOT", rf"\b(?:cinematography|photography|camerawork)\s+by\s+{MODIFIER}(?P<x>{LIST})", 0.9, creates=True),
    # Works that a film is made of
    Pattern("based on a work by", "BASED_ON_WORK_BY", ("Person",), _compile(rf"\b{AUTHORED}\s+(?:written\s+)?by\s+{MODIFIER}(?P<x>{LIST})"), 0.9, "Person", from_film=True),
    Pattern(
        "based on X's work",
        "BASED_ON_WORK_BY",
        ("Person",),
        _compile(
            rf"\b(?:based\s+(?:up)?on|adapted\s+from|adaptation\s+of|inspired\s+by|version\s+of|retelling\s+of)\s+"
            rf"(?:the\s+)?{MODIFIER}(?P<x><N>)(?:['\u2019]s?)?\s+(?:(?!true\b|real\b|life\b)(?:[\w'\u2019-]+|<P>)\s+){{0,4}}?{WORK}\b"
        ),
        0.85,
        "Person",
        from_film=True,
    ),
    # Films that belong together
    Pattern("sequel to", "SEQUEL_OF", ("Movie", "Film"), _compile(r"\b(?:sequel|follow-up|followup)\s+(?:to|of)\s+(?:[a-z][\w-]*\s+){0,4}[\"'\u201c\u2018]?(?P<x><K>)"), 0.85, from_film=True),
    Pattern("prequel to", "SEQUEL_OF", ("Movie", "Film"), _compile(r"\bprequel\s+(?:to|of)\s+(?:[a-z][\w-]*\s+){0,4}[\"'\u201c\u2018]?(?P<x><K>)"), 0.85, reverse=True),
    Pattern("remake of", "REMAKE_OF", ("Movie", "Film"), _compile(r"\bremake\s+of\s+(?:[a-z][\w-]*\s+){0,4}[\"'\u201c\u2018]?(?P<x><K>)"), 0.85, from_film=True),
    # Where and when
    Pattern(
        "set in a place",
        "SET_IN",
        ("Place", "Country", "City", "Location"),
        _compile(rf"(?:\b(?:is|are|story|tale|drama|comedy|thriller|film|movie|and|it)\s+|(?<![^\n])|[,(]\s*)(?:[a-z]+ly\s+)?(?:set|takes\s+place|taking\s+place)\s+(?:[a-z]+ly\s+)?(?:in|on|at)\s+{FILL}(?P<x><N>(?:,\s*<N>)?)(?!['\u2019\w])"),
        0.75,
        "Place",
        from_film=True,
    ),
    Pattern("set in a time", "SET_IN", ("Period",), _compile(r"\b(?:set|takes\s+place)\s+(?:[a-z]+ly\s+)?(?:in|during)\s+[^.;,\ue002]{0,40}?(?P<x><T>)"), 0.85, "Period", from_film=True),
    Pattern("opening with a time", "SET_IN", ("Period",), _compile(r"(?<![^\n])(?:in|it\s+is|it['\u2019]s|the\s+year\s+is)?\s*(?:the\s+)?(?:year\s+|summer\s+of\s+|early\s+|late\s+|mid-?\s*)?(?P<x><T>)"), 0.6, "Period", from_film=True, opening=True),
    # Awards
    Pattern("the film won", "WON", ("Award",), _compile(rf"\b(?:this|the)\s+{FILM}\s+(?:[a-z]+\s+){{0,2}}?(?:won|received|earned)\s+[^.;]{{0,40}}?(?P<x><K>)"), 0.8, "Award", from_film=True),
    Pattern("winner of", "WON", ("Award",), _compile(r"(?:(?<![^\n])|,\s*(?:the\s+)?)winner\s+of\s+[^.;]{0,40}?(?P<x><K>)"), 0.8, "Award", from_film=True),
    Pattern("award-winning film", "WON", ("Award",), _compile(rf"(?P<x><K>)[- ]winning\s+(?:[\w-]+\s+){{0,2}}?{FILM}\b"), 0.7, "Award", from_film=True),
    Pattern("the film was nominated for", "NOMINATED_FOR", ("Award",), _compile(rf"\b(?:this|the)\s+{FILM}\s+[^.;]{{0,20}}?nominated\s+for\s+[^.;]{{0,40}}?(?P<x><K>)"), 0.8, "Award", from_film=True),
    Pattern("award-nominated film", "NOMINATED_FOR", ("Award",), _compile(rf"(?P<x><K>)[- ]nominated\s+(?:[\w-]+\s+){{0,2}}?{FILM}\b"), 0.7, "Award", from_film=True),
)  # fmt: skip
"""All patterns; of several that find the same fact the surest counts."""

AWARDS = {
    "Academy Award": ("Academy Awards", "Oscar", "Oscars"),
    "Golden Globe": ("Golden Globes", "Golden Globe Award", "Golden Globe Awards"),
    "BAFTA": ("BAFTAs", "BAFTA Award", "BAFTA Awards"),
    "Palme d'Or": (),
    "Golden Lion": (),
    "Golden Bear": (),
    "César": ("César Award", "César Awards"),
    "Emmy": ("Emmys", "Emmy Award", "Emmy Awards"),
    "Pulitzer Prize": (),
}
"""Awards that texts name whether the graph has them or not, and what else they are called."""
