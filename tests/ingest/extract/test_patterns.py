"""What sentences say: each pattern by an example, and what none may find."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.extract.extractor import Extractor, Fact
from ingest.extract.graph import builtin_awards
from ingest.extract.names import Mention, Name, Names
from ingest.extract.patterns import PATTERNS, Pattern
from kg.model import Ref
from kg.validation import check_node, check_relation

NAMES = [
    *(
        Name("Entity", name.lower().replace(" ", "-"), "Person", name)
        for name in ("Ann Lee", "Bob Roe", "Gérard Depardieu", "Madonna")
    ),
    Name("Item", "heat", "Movie", "Heat (1995)"),
    Name("Item", "bride", "Movie", "Father of the Bride"),
    Name("Item", "this", "Movie", "Father of the Bride Part II"),
    Name("Entity", "ireland", "Country", "Ireland"),
]
AWARD_NAMES = builtin_awards(NAMES)


def extractor(*more: Name, **options) -> Extractor:
    builtin = frozenset(award.id for award in AWARD_NAMES)
    return Extractor(Names([*NAMES, *AWARD_NAMES, *more]), min_confidence=0, builtin=builtin, **options)


def facts(text: str, **options) -> list[Fact]:
    return extractor().facts("this", text, **options)


def said(text: str) -> set[tuple[str, str]]:
    return {(fact.relation, fact.other.id) for fact in facts(text)}


EXAMPLES = {
    "(X) after a character": ("Agent Bond (Ann Lee) wins.", "ACTED_IN", "ann-lee"),
    "(X, …) after a character": ("A poor man (the great Ann Lee, in tears) wins.", "ACTED_IN", "ann-lee"),
    "played by": ("The nun is wonderfully played by Ann Lee.", "ACTED_IN", "ann-lee"),
    "voice of": ("A dog (with the voice of Ann Lee) talks.", "ACTED_IN", "ann-lee"),
    "starring": ("A romp starring comedian Ann Lee.", "ACTED_IN", "ann-lee"),
    "stars X": ("The story stars Ann Lee.", "ACTED_IN", "ann-lee"),
    "features X": ("It features Ann Lee.", "ACTED_IN", "ann-lee"),
    "X stars": ("Ann Lee stars as a clerk.", "ACTED_IN", "ann-lee"),
    "X plays": ("Ann Lee plays a clerk.", "ACTED_IN", "ann-lee"),
    "X in the title role": ("See Ann Lee in the title role.", "ACTED_IN", "ann-lee"),
    "with X as": ("A farce with Ann Lee as the maid.", "ACTED_IN", "ann-lee"),
    "star X": ("Performed alone by writer/star Ann Lee.", "ACTED_IN", "ann-lee"),
    "directed by": ("This film is directed by French filmmaker Ann Lee.", "DIRECTED", "ann-lee"),
    "directed by, of something": ("They see what was directed by Ann Lee.", "DIRECTED", "ann-lee"),
    "written by": ("A drama written by Ann Lee.", "WROTE", "ann-lee"),
    "written by, of something": ("They see what was written by Ann Lee.", "WROTE", "ann-lee"),
    "produced by": ("A drama produced by Ann Lee.", "PRODUCED", "ann-lee"),
    "produced by, of something": ("They see what was produced by Ann Lee.", "PRODUCED", "ann-lee"),
    "photographed by": ("A drama photographed by Ann Lee.", "SHOT", "ann-lee"),
    "photographed by, of something": ("They see what was photographed by Ann Lee.", "SHOT", "ann-lee"),
    "director X": ("A look back by director Ann Lee.", "DIRECTED", "ann-lee"),
    "a film by X": ("This is a film by Ann Lee.", "DIRECTED", "ann-lee"),
    "X's film": ("See Ann Lee's latest film.", "DIRECTED", "ann-lee"),
    "X directs": ("Ann Lee directs.", "DIRECTED", "ann-lee"),
    "writer X": ("A satire by screenwriter Ann Lee.", "WROTE", "ann-lee"),
    "screenplay by": ("The screenplay by Ann Lee is witty.", "WROTE", "ann-lee"),
    "producer X": ("It made producer Ann Lee rich.", "PRODUCED", "ann-lee"),
    "cinematography by": ("With cinematography by Ann Lee.", "SHOT", "ann-lee"),
    "music by": ("With music by Ann Lee.", "COMPOSED", "ann-lee"),
    "based on a work by": ("Based on the novel by Ann Lee.", "BASED_ON_WORK_BY", "ann-lee"),
    "based on X's work": ("Adapted from Ann Lee's classic novel.", "BASED_ON_WORK_BY", "ann-lee"),
    "sequel to": ('In this sequel to "Father of the Bride" all cry.', "SEQUEL_OF", "bride"),
    "prequel to": ("A prequel to Heat.", "SEQUEL_OF", "heat"),
    "remake of": ("A remake of the classic Heat.", "REMAKE_OF", "heat"),
    "set in a place": ("The film is set in rural Ireland.", "SET_IN", "ireland"),
    "set in a time": ("A tale set in the early 1950's.", "SET_IN", "period:1950s"),
    "opening with a time": ("It is 1942 and war.", "SET_IN", "period:1942"),
    "the film won": ("The film won two Oscars.", "WON", "award:Academy Award"),
    "winner of": ("Winner of the Palme d'Or in 1979.", "WON", "award:Palme d'Or"),
    "award-winning film": ("An Oscar-winning documentary.", "WON", "award:Academy Award"),
    "the film was nominated for": (
        "The film was nominated for a Golden Globe.", "NOMINATED_FOR", "award:Golden Globe"
    ),
    "award-nominated film": ("An Oscar-nominated short film.", "NOMINATED_FOR", "award:Academy Award"),
}  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.name)
def test_each_pattern_finds_its_example(pattern: Pattern) -> None:
    text, relation, other = EXAMPLES[pattern.name]
    (fact,) = extractor(patterns=[pattern]).facts("this", text)
    assert (fact.relation, fact.other.id, fact.evidence) == (relation, other, text)
    assert 0 < fact.confidence <= 1


@pytest.mark.parametrize(
    "text",
    [
        "She admires Ann Lee.",
        "She wins. —Ann Lee <ann@example.org>",
        "She wins (see Ann Lee Jones).",
        "Bond (Joann Leeds) wins.",
        "A film that is to be directed by Ann Lee.",
        "The hotel is not (like Ann Lee) old.",
        "In his last novel (Ann Lee) he wins.",
        "He set in motion a plan.",
        "The heat of the sequel to all that.",
        "Cameron is nominated for an Oscar.",
    ],
)
def test_what_is_no_fact_is_not_found(text: str) -> None:
    assert said(text) == set()


def test_a_novel_is_written_by_who_wrote_the_novel() -> None:
    assert said("A movie based on a novel written by Ann Lee.") == {("BASED_ON_WORK_BY", "ann-lee")}


def test_a_true_story_has_no_author() -> None:
    assert said("Based on the true story of Ann Lee.") == set()


def test_each_verb_before_by_is_a_fact() -> None:
    assert said("Directed, written, produced by and starring Ann Lee.") == {
        ("DIRECTED", "ann-lee"), ("WROTE", "ann-lee"), ("PRODUCED", "ann-lee"), ("ACTED_IN", "ann-lee")
    }  # fmt: skip


def test_each_name_of_a_list_is_a_fact_and_a_character_is_none() -> None:
    found = said("Starring Ann Lee as the maid, Bob Roe as Madonna and Gerard Depardieu.")
    assert found == {("ACTED_IN", "ann-lee"), ("ACTED_IN", "bob-roe"), ("ACTED_IN", "gérard-depardieu")}
    assert said("The twins (Ann Lee and Bob Roe) win.") == {("ACTED_IN", "ann-lee"), ("ACTED_IN", "bob-roe")}


def test_the_character_is_kept() -> None:
    (fact,) = facts("Bond meets Xenia Onatopp (Ann Lee), an assassin.")
    assert fact.character == "Xenia Onatopp"
    assert fact.statement().properties["character"] == "Xenia Onatopp"
    (fact,) = facts("His mother (Ann Lee) wins.")
    assert "character" not in fact.statement().properties


def test_the_evidence_is_the_sentence_and_the_surest_one() -> None:
    (fact,) = facts("It features Ann Lee. A nun, played by Ann Lee, wins. It stars Ann Lee.")
    assert (fact.evidence, fact.confidence) == ("A nun, played by Ann Lee, wins.", 0.95)


def test_the_evidence_of_a_sentence_without_an_end_holds_the_name() -> None:
    (fact,) = facts("and so on " * 150 + "a nun played by Ann Lee " + "and so on " * 20)
    assert "Ann Lee" in fact.evidence
    assert len(fact.evidence) <= 1000


def test_names_are_found_whatever_their_spelling() -> None:
    for name in ("GERARD DEPARDIEU", "Gérard\u00a0Depardieu", "Ge\u0301rard Depardieu"):
        assert said(f"A nun played by {name}.") == {("ACTED_IN", "gérard-depardieu")}


def test_two_people_of_one_name_are_not_linked_on_the_name_alone() -> None:
    reader = extractor(Name("Entity", "other-lee", "Person", "Ann Lee"))
    text = "A nun played by Ann Lee."
    assert reader.facts("this", text) == []
    assert reader.ambiguous == {"Ann Lee": 1}
    (fact,) = reader.facts("this", text, ties={"other-lee", "bob-roe"})
    assert fact.other == Ref("Entity", "other-lee")
    assert reader.facts("this", text, ties={"other-lee", "ann-lee"}) == []


def test_two_nodes_of_one_person_are_no_ambiguity() -> None:
    reader = Extractor(
        Names(Name("Entity", key, "Person", "Ann Lee", "ann") for key in ("ann", "dbpedia:Ann_Lee"))
    )
    text = "A nun played by Ann Lee."
    assert [fact.other.id for fact in reader.facts("this", text)] == ["ann"]
    assert [fact.other.id for fact in reader.facts("this", text, {"dbpedia:Ann_Lee"})] == ["dbpedia:Ann_Lee"]


def test_a_name_that_is_unknown_becomes_an_entity_where_the_words_are_plain() -> None:
    (fact,) = facts("Adapted from the novel by Robert James Waller.")
    assert (fact.other.id, fact.known, fact.confidence) == ("person:Robert James Waller", False, 0.9 * 0.8)
    node = fact.entity()
    assert (node.label, node.properties) == ("Person", {"name": "Robert James Waller"})
    assert said("Agent Bond (Nobody Known) wins.") == set()
    assert said("A nun played by Somebody.") == set()


def test_a_recogniser_tells_who_is_a_person() -> None:
    def recognise(text: str) -> list[Mention]:
        start = text.find("Nobody Known")
        return [Mention(start, start + 12, (), label)]

    for label, expected in (("Person", ["person:Nobody Known"]), ("Place", [])):  # noqa: B007
        found = extractor(recogniser=recognise).facts("this", "Agent Bond (Nobody Known) wins.")
        assert [fact.other.id for fact in found] == expected


def test_a_film_is_no_sequel_of_itself() -> None:
    assert said("A sequel to Father of the Bride Part II.") == set()


def test_relations_lead_the_right_way() -> None:
    ends = {fact.pattern: fact.ends for text, *_ in EXAMPLES.values() for fact in facts(text)}
    film = Ref("Item", "this")
    assert ends["played by"] == (Ref("Entity", "ann-lee"), film)
    assert ends["set in a place"] == (film, Ref("Entity", "ireland"))
    assert ends["sequel to"] == (film, Ref("Item", "bride"))
    assert ends["prequel to"] == (Ref("Item", "heat"), film)


def test_what_is_less_sure_is_left_out() -> None:
    reader = Extractor(Names(NAMES), min_confidence=0.9)
    assert [fact.pattern for fact in reader.facts("this", "It features Ann Lee. Bob Roe stars.")] == [
        "X stars"
    ]


PIECES = st.sampled_from(
    [text for example, *_ in EXAMPLES.values() for text in example.split()]
    + [*"(),.—'", "Nobody Known", "Madonna", "\u00a0", "é", "\ud7ff", "\ue000", "\n", "x" * 30]
)


@settings(max_examples=300)
@given(st.one_of(st.text(max_size=500), st.lists(PIECES, max_size=60).map(" ".join)))
def test_any_text_gives_facts_that_the_graph_can_hold(text: str) -> None:
    for fact in facts(text):
        assert fact.evidence in " ".join(text.split()) or "\ue000" in text
        assert 0 < fact.confidence <= 1
        check_relation(fact.statement())
        if not fact.known:
            check_node(fact.entity())


@pytest.mark.parametrize(
    "piece", ["(", "directed and ", "Ann Lee, ", "set in a ", "based on the novel ", "A. ", "-"]
)
def test_repetition_does_not_make_it_hang(piece: str) -> None:
    facts(piece * (50_000 // len(piece)))
