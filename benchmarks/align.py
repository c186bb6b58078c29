"""Alignment of people on MovieLens 100K: Freebase without names, DBpedia, and casts by name.

    MMKG_HOME=/tmp/align-home python benchmarks/align.py DATA [--titles movies.dat] [--sample FOLDER]

DATA holds RecBole's `ml-100k` files, `films.csv` and `dbpedia.nt`. The servers that run on MMKG_HOME are
used, or started; it should be a folder of its own. `align_film_links.csv` beside this script says of some
films what they are, checked by hand; `align_pairs.csv` and `align_people.csv` hold verdicts on sampled pairs
and people. `--sample FOLDER` draws both samples anew, without verdicts, each with a text of the evidence.
`--titles` is the `movies.dat` of MovieLens 1M, whose numbers the links of `ml-100k` use: the alignment does
not see it, but what it matched is checked against it, and the evidence is richer for it.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import platform
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from time import perf_counter

from align_samples import Samples, duplicates_left, judged_pairs, judged_people, share

from ingest import run
from ingest.align import structure
from ingest.align.command import align, read_film_links
from ingest.align.names import key
from ingest.align.people import FilmKey, People, load
from ingest.align.plan import MIN_SCORE, Plan, decide
from ingest.rdf import Rdf
from ingest.source import accepted
from kg import Graph
from kg.writer import Writer
from mmkg import servers
from mmkg.console import log, print_table
from mmkg.settings import Settings

HERE = Path(__file__).parent
ELSEWHERE = "Elsewhere"
"""The kind of a film that the catalogue lacks, or has by another title."""
FILM_LINKS = HERE / "align_film_links.csv"
ROLES = frozenset({"ACTED_IN", "DIRECTED", "WROTE", "PRODUCED", "SHOT"})
NODES = "MATCH (n) RETURN n.id AS id, labels(n) AS labels, properties(n) AS properties"
RELATIONS = """
MATCH (a)-[r]->(b)
RETURN labels(a)[0] AS kind, a.id AS a, type(r) AS type, b.id AS b, properties(r) AS properties
"""


def main() -> None:
    """Ingest, align, measure, and take it back."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--titles", type=Path)
    parser.add_argument("--sample", type=Path)
    arguments = parser.parse_args()
    servers.up(Settings.load())
    settings = Settings.load()
    run("recbole", arguments.data, settings, films=arguments.data / "films.csv")
    links = read_film_links(FILM_LINKS)
    titles = dict(_titles(arguments.data / "films.csv"))
    with Graph.connect(settings) as graph:
        bring_dbpedia(graph, arguments.data / "dbpedia.nt")
        align(graph, "undo")
        before = digest(graph)
        people = load(graph)
        start = perf_counter()
        plan = decide(people, MIN_SCORE, links)
        seconds = perf_counter() - start
        rows: list[tuple[str, object]] = [("deciding, s", f"{seconds:.0f}")]
        rows += cross_validation(people, links)
        applied = align(graph, "apply", MIN_SCORE, links)
        rows += applied.counts.items()
        once = digest(graph)
        again = align(graph, "apply", MIN_SCORE, links)
        rows.append(("identities changed by the same again", again.counts["identities changed"]))
        rows.append(("graph the same after the same again", digest(graph) == once))
        rows.append(("seconds to decide and apply", f"{applied.seconds:.0f}"))
        rows += recall(people, plan)
        true_films: dict[FilmKey, FilmKey] = {}
        if arguments.titles:
            for linked, film, title in list(films_by_title(arguments.titles, titles)):
                true_films[linked] = film
                titles.setdefault(film, title)
            rows += films_checked(plan, true_films)
            rows += every_film_told(people, true_films)
        if arguments.sample:
            Samples(people, plan, titles, true_films).draw(arguments.sample)
        rows += judged_pairs(plan)
        rows += judged_people(plan, people)
        rows.append(("pairs left of one name that share a film", duplicates_left(graph)))
        align(graph, "undo")
        rows.append(("graph the same after undo", digest(graph) == before))
    print_table(("what", "value"), rows, title=f"Alignment; {platform.machine()}, {date.today()}")


def bring_dbpedia(graph: Graph, path: Path) -> None:
    """Write the people of DBpedia with the credits that Freebase has too."""
    source = Rdf(path)
    credits = [relation for relation in accepted(source.relations()) if relation.type in ROLES]
    people = {relation.start.id for relation in credits}
    writer = Writer(graph, "dbpedia")
    writer.nodes(node for node in accepted(source.nodes()) if node.id in people)
    writer.relations(credits)


def digest(graph: Graph) -> str:
    """Return a hash of the whole graph, imports' times included."""
    lines = [
        json.dumps(row, sort_keys=True, default=str)
        for statement in (NODES, RELATIONS)
        for row in graph.read(statement)
    ]
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def cross_validation(people: People, links: dict[FilmKey, FilmKey]) -> Iterator[tuple[str, object]]:
    """Give the search each half of the known films, and see what it says of the other half."""
    order = sorted(links)
    random.Random(0).shuffle(order)
    total = right = 0
    for half in (order[::2], order[1::2]):
        plan = decide(people, MIN_SCORE, {film: links[film] for film in half})
        held_out = [film for film in order if film not in set(half) and film in (plan.films or {})]
        total += len(held_out)
        right += sum(plan.films[film] == links[film] for film in held_out)  # type: ignore[index]
        agreeing, checked = _credits_of_held_out(people, plan, links, set(half))
        yield f"films matched from {len(half)} known", len(plan.films or {})
        yield "credits in held-out films that agree", f"{agreeing} of {checked}"
    yield "held-out films matched", f"{total} of {len(order)}"
    yield "held-out films matched right", f"{right} of {total}"


def _credits_of_held_out(
    people: People, plan: Plan, links: dict[FilmKey, FilmKey], known: set[FilmKey]
) -> tuple[int, int]:
    """Count aligned people credited in a film that played no part, and those the other side credits too."""
    nameless_of = defaultdict(set)
    for alias, why in plan.aliases.items():
        if why.method == structure.METHOD:
            nameless_of[why.canonical].add(alias)
    cast: dict[FilmKey, set[tuple[str, str]]] = defaultdict(set)
    for person in people.nameless():
        for role, film in person.credits:
            cast[film].add((role, person.id))
    unused = {film: linked for linked, film in links.items() if linked not in known | set(plan.films or {})}
    agreeing = checked = 0
    for person in people.named():
        for role, film in person.credits:
            if film in unused:
                for alias in nameless_of[plan.canonical(person.id)]:
                    checked += 1
                    agreeing += (role, alias) in cast[unused[film]]
    return agreeing, checked


def recall(people: People, plan: Plan) -> Iterator[tuple[str, object]]:
    """Estimate recall where two sources name somebody alike in one film: there the truth is known."""
    sides: dict[tuple[FilmKey, str], dict[str, str]] = defaultdict(dict)
    for person in people.named():
        for film in person.films:
            sides[film, key(person.name or "")][person.space] = person.id
    both = [found for found in sides.values() if {"dbpedia", "person"} <= found.keys()]
    one = sum(plan.canonical(found["dbpedia"]) == plan.canonical(found["person"]) for found in both)
    yield "same name in one film in DBpedia and films.csv", len(both)
    yield "of them one identity", one
    inverse = set((plan.films or {}).values())
    reachable = {
        plan.canonical(person.id)
        for person in people.named()
        if any(credit.film in inverse for credit in person.credits)
    }
    met = {why.canonical for why in plan.aliases.values() if why.method == structure.METHOD}
    yield "identities with a name in films matched to Freebase's", len(reachable)
    yield "of them with a Freebase id", len(reachable & met)


def films_by_title(path: Path, titles: dict[FilmKey, str]) -> Iterator[tuple[FilmKey, FilmKey, str]]:
    """Yield what the films of the links are, and their titles.

    It is a film of the catalogue where one alone has the title and the year, and else one from elsewhere.
    """
    ours: dict[str, list[FilmKey]] = defaultdict(list)
    for film, title in titles.items():
        ours[_plain(title)].append(film)
    with path.open(encoding="latin-1") as lines:
        for line in lines:
            linked, title, _ = line.split("::")
            same = ours[_plain(title)]
            yield FilmKey("Item", linked), same[0] if len(same) == 1 else FilmKey(ELSEWHERE, linked), title


def films_checked(plan: Plan, true_films: dict[FilmKey, FilmKey]) -> Iterator[tuple[str, object]]:
    """Count the matched films that have the title of the film that they were matched to."""
    films = plan.films or {}
    told = [film for film in films if true_films.get(film, film).kind != ELSEWHERE]
    right = sum(true_films.get(film) == films[film] for film in told)
    yield "matched films that MovieLens 1M has by the same title, of them right", share(right, len(told))
    yield (
        "films that MovieLens 1M has by the same title",
        sum(film.kind != ELSEWHERE for film in true_films.values()),
    )


def every_film_told(people: People, true_films: dict[FilmKey, FilmKey]) -> Iterator[tuple[str, object]]:
    """Say what the alignment would be if what each film is were known from the start."""
    known = {linked: film for linked, film in true_films.items() if film.kind != ELSEWHERE}
    plan = decide(people, MIN_SCORE, known)
    for method, count in sorted(Counter(why.method for why in plan.aliases.values()).items()):
        yield f"every film told: aliases by {method}", count
    for what, value in judged_people(plan, people):
        yield f"every film told: {what}", value


def _plain(title: str) -> str:
    """Return the words of a title and the year, whatever their order: "Usual Suspects, The (1995)"."""
    return " ".join(sorted(key(title.replace("(", " ").replace(")", " ")).split()))


def _titles(path: Path) -> Iterator[tuple[FilmKey, str]]:
    for row in csv.DictReader(path.open()):
        yield FilmKey("Item", row["item_id"]), f"{row['title']} ({row['year']})"


if __name__ == "__main__":
    log(__doc__.split("\n", maxsplit=1)[0])
    main()
