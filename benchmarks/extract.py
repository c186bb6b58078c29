"""Precision and recall of text extraction against the known casts and directors of a table of films.

    python benchmarks/extract.py DATA [--spacy MODEL] [--disagreements FILE]

DATA holds `films.csv` with the columns item_id, title, plot, cast and directors. The extractor gets the
plots and one pool of all names and titles; who belongs to which film is hidden from it. Where DATA holds
`dbpedia.nt`, its casts and directors judge as well. A known cast is the first few of a film's, so a true
fact may count as wrong: `extract_judged.csv` beside this script judges by hand those that neither table
has. `--disagreements` writes them.
"""

from __future__ import annotations

import argparse
import csv
import platform
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path
from time import perf_counter

from pyoxigraph import Literal, NamedNode, RdfFormat, parse

from ingest.extract.extractor import Extractor, Fact
from ingest.extract.folding import folded
from ingest.extract.names import Name, Names
from mmkg.console import log, print_table

COLUMNS = {"ACTED_IN": "cast", "DIRECTED": "directors"}
DBPEDIA = {"ACTED_IN": "starring", "DIRECTED": "director"}
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)
JUDGED = Path(__file__).with_name("extract_judged.csv")
HEADINGS = (
    "relation",
    "known",
    "mentioned",
    "confidence from",
    "found",
    "in films.csv",
    "in either",
    "true by hand",
)
RATES = ("precision films.csv", "precision either", "precision by hand", "recall", "recall of mentioned")
Key = tuple[str, str, str]
"""Film, relation, folded name."""


def main() -> None:
    """Extract, compare and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--spacy")
    parser.add_argument("--disagreements", type=Path)
    arguments = parser.parse_args()
    with (arguments.data / "films.csv").open(newline="", encoding="utf-8") as file:
        films = list(csv.DictReader(file))
    gold = {
        (film["item_id"], relation, folded(name))
        for film in films
        for relation, column in COLUMNS.items()
        for name in film[column].split("|")
        if name
    }
    mentioned = {
        (film["item_id"], relation, folded(name))
        for film in films
        for relation, column in COLUMNS.items()
        for name in film[column].split("|")
        if name and Names([Name("Entity", "x", "Person", name)]).mentions(film["plot"])
    }
    other = dbpedia(arguments.data / "dbpedia.nt")
    judged = hand_judged()
    pool = sorted({name for film in films for column in COLUMNS.values() for name in film[column].split("|")})
    known = [Name("Entity", f"person:{name}", "Person", name) for name in pool if name]
    known += [Name("Item", film["item_id"], "Movie", film["title"]) for film in films]
    recogniser = None
    if arguments.spacy:
        from ingest.extract.nlp import load  # noqa: PLC0415  # spaCy is an extra

        recogniser, version = load(arguments.spacy)
        log(f"spaCy {version}")
    start = perf_counter()
    names = Names(known)
    built = perf_counter() - start
    extractor = Extractor(names, recogniser)
    start = perf_counter()
    facts = [fact for film in films for fact in extractor.facts(film["item_id"], film["plot"])]
    seconds = perf_counter() - start

    rows = []
    for relation in COLUMNS:
        all_known = {key for key in gold if key[1] == relation}
        within = {key for key in mentioned if key[1] == relation}
        for threshold in THRESHOLDS:
            found = {
                key(fact) for fact in facts if fact.relation == relation and fact.confidence >= threshold
            }
            right = found & gold
            either = found & (gold | other)
            true = either | {each for each in found if judged.get(each)}
            sizes = (len(each) for each in (all_known, within))
            counts = (len(each) for each in (found, right, either, true))
            precisions = (_rate(part, found) for part in (right, either, true))
            recalls = (_rate(right, all_known), _rate(right, within))
            rows.append((relation, *sizes, threshold, *counts, *precisions, *recalls))
    machine = f"{platform.machine()}, {date.today()}"
    print_table(HEADINGS + RATES, rows, title=f"Plots of {arguments.data.name}; {machine}")
    print_table(
        ("relation", "pattern", "found", "in films.csv", "in either"),
        by_pattern([fact for fact in facts if fact.relation in COLUMNS], gold, gold | other),
        title="By pattern",
    )
    counts = Counter(fact.relation for fact in facts)
    print_table(("relation", "facts"), sorted(counts.items()), title="All facts from a confidence of 0.5")
    disagreements = [fact for fact in facts if fact.relation in COLUMNS and key(fact) not in gold | other]
    unjudged = sum(key(fact) not in judged for fact in disagreements)
    log(f"{len(names)} spellings in {built:.2f} s, {len(films)} plots in {seconds:.2f} s")
    log(f"{len(disagreements)} facts are in neither table; {unjudged} of them, not judged, count as false")
    if arguments.disagreements:
        with arguments.disagreements.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(("film", "title", "relation", "name", "evidence"))
            titles = {film["item_id"]: film["title"] for film in films}
            for fact in disagreements:
                writer.writerow((fact.film, titles[fact.film], fact.relation, fact.name, fact.evidence))


def key(fact: Fact) -> Key:
    """Return what a fact is compared by."""
    return fact.film, fact.relation, folded(fact.name)


def by_pattern(facts: list[Fact], gold: set[Key], either: set[Key]) -> list[tuple[object, ...]]:
    """Count the facts of each pattern."""
    groups: dict[tuple[str, str], list[Key]] = defaultdict(list)
    for fact in facts:
        groups[fact.relation, fact.pattern].append(key(fact))
    return [
        (*group, len(keys), sum(each in gold for each in keys), sum(each in either for each in keys))
        for group, keys in sorted(groups.items())
    ]


def dbpedia(path: Path) -> set[Key]:
    """Read the casts and directors of a DBpedia file by item id; a person is named by the resource."""
    if not path.exists():
        return set()
    items: dict[str, str] = {}
    people: list[tuple[str, str, str]] = []
    relations = {f"http://dbpedia.org/ontology/{name}": relation for relation, name in DBPEDIA.items()}
    for quad in parse(path=str(path), format=RdfFormat.N_TRIPLES):
        subject = str(quad.subject)
        if isinstance(quad.object, Literal) and quad.predicate.value.endswith("/identifier"):
            items[subject] = quad.object.value
        elif isinstance(quad.object, NamedNode) and quad.predicate.value in relations:
            name = quad.object.value.rsplit("/", maxsplit=1)[-1].partition("_(")[0].replace("_", " ")
            people.append((subject, relations[quad.predicate.value], folded(name)))
    return {(items[film], relation, name) for film, relation, name in people if film in items}


def hand_judged() -> dict[Key, bool]:
    """Read the facts that were judged by hand: true of the film that the plot tells of, or false."""
    if not JUDGED.exists():
        return {}
    with JUDGED.open(newline="", encoding="utf-8") as file:
        return {
            (row["film"], row["relation"], folded(row["name"])): row["true"] == "yes"
            for row in csv.DictReader(file)
        }


def _rate(part: set[Key], whole: set[Key]) -> float:
    return len(part) / len(whole) if whole else 0.0


if __name__ == "__main__":
    main()
