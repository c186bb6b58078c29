"""The words that the patterns are made of, as pieces of regular expressions over masked sentences.

White space in a masked sentence is single, so a space in a pattern is a space. A name is one sign, whatever
its length: `KNOWN` where the graph has it, `PROPER` where it merely looks like a name, and `TIME` for a year,
a decade or a century. In the patterns they are written <K>, <P> and <T>, and <N> is any name.
"""

from __future__ import annotations

import re

KNOWN, PROPER, TIME = "\ue000", "\ue001", "\ue002"
SIGNS = {"<K>": KNOWN, "<P>": PROPER, "<N>": f"[{KNOWN}{PROPER}]", "<T>": TIME}

BEGINNING = r"(?<![^\n])"
QUOTE = "[\"'\u201c\u2018]?"
POSSESSIVE = "['\u2019]s?"
WORDS = r"(?:[a-z][\w-]* )"
ADVERB = r"(?:[a-z]+ly )?"

FILM = r"(?:film|movie|motion picture|picture|documentary|drama|comedy|thriller|western|musical|masterpiece)"
WORK = (
    r"(?:novels?|novella|books?|plays?|stor(?:y|ies)|bestsellers?|best-sellers?|memoirs?|autobiography|biography"
    r"|comics?|comic strip|tales?|poem|opera|musical|classic)"
)
ROLE = (
    r"(?:film-?maker|director|auteur|writer|author|novelist|playwright|actor|actress|star|comedian|legend"
    r"|veteran|newcomer|master|producer|screenwriter|cinematographer)"
)

HONORIFIC = r"(?:(?:Sir|Dame|Lord|Lady) )?"
AND = r"(?: ?[,/&;] ?(?:and )?| and | or )"
PART = r"(?: as [^,;.()]{1,60}?| ?\([^()]{1,60}\))?"
"""What stands between two names of a list: the character that the first of them plays."""
LIST = rf"{HONORIFIC}<N>(?:{PART}{AND}{HONORIFIC}<N>)*"
LIST_OF_NAMES = rf"{HONORIFIC}<N>(?:{AND}{HONORIFIC}<N>)*"
KNOWN_LIST = rf"{HONORIFIC}<K>(?:{AND}{HONORIFIC}<K>)*"
MODIFIER = rf"(?:(?:(?:[\w'\u2019-]+|<P>) ){{0,3}}{ROLE}s? )?"
"""`acclaimed French filmmaker `, before a name."""
LEFT = rf"(?:{BEGINNING}|(?<=[,;:(\u2014\u2013-]) ?|\b(?:and|where|while|when|which|in|with|{ROLE}s?) )"
"""Where a name may begin that is itself the subject: `X plays`."""
FILL = r"(?:(?:[a-z][\w'\u2019-]*|<T>),? ){0,4}?"
"""Words between `in` and a place: `contemporary `, `the north of `."""

CREDITS = {
    "directed by": ("DIRECTED", "(?:co-)?directed|helmed"),
    "written by": ("WROTE", "(?:co-)?written|scripted|penned"),
    "produced by": ("PRODUCED", "(?:co-)?produced"),
    "photographed by": ("SHOT", "photographed|lensed"),
}
"""What the film crew does, each verb before `by`."""
VERBS = "|".join(verbs for _, verbs in CREDITS.values())
NOT_THE_FILM = r"(?<!to be )(?<!novel )(?<!book )(?<!play )(?<!story )(?<!letter )(?<!letters )"
"""What must not stand before such a verb: `a novel written by` tells who wrote the novel."""
OF_THE_FILM = rf"(?:{BEGINNING}|\b{FILM}\b(?:(?!\b{WORK}\b)[^.;]){{0,60}}?|[,(] ?)"

ADAPTED = r"(?:based (?:up)?on|adapted from|adaptation of|inspired by|version of|retelling of)"
ADAPTED_WORK = (
    rf"\b(?:{ADAPTED}|film of|from) (?:(?!true\b|real\b)[^.;]){{0,80}}?"
    rf"\b{WORK}\b[^.;{KNOWN}{PROPER}]{{0,30}}?"
)

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


def compiled(expression: str) -> re.Pattern[str]:
    """Compile a pattern, its signs put in."""
    for sign, character in SIGNS.items():
        expression = expression.replace(sign, character)
    return re.compile(expression, re.IGNORECASE)
