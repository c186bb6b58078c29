"""`mmkg demo`: the main job on MovieLens 100K and one real clip, from the servers to recommendations."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from gnn import command
from gnn.evaluation import EvaluationReport
from ingest import Report, run
from kg import Graph
from kg.asking import Recommendations
from mmkg import downloads, servers
from mmkg.errors import GraphError
from mmkg.servers import Status
from mmkg.settings import Settings

USERS = ("1", "2", "3")
FILMS = 5

CLIP_FILM = {
    "id": "big-buck-bunny",
    "title": "Big Buck Bunny",
    "year": 2008,
    "plot": "A giant rabbit, gentle until three rodents kill his butterflies, sets traps for them.",
    "genres": ["Animation", "Comedy"],
    "directors": ["Sacha Goedegebure"],
}
"""The one film of the demo with a clip; (c) Blender Foundation, CC BY 3.0."""

OTHER_IMPORTS = "MATCH (i:Import) WHERE NOT i.path IN $paths RETURN i.path AS path LIMIT 1"


@dataclass(frozen=True)
class DemoReport:
    """What the demo shows at its end."""

    HEADINGS: ClassVar[tuple[str, ...]] = ("user", "rank", "film", "score", "reason")

    recommendations: list[Recommendations]
    """One for each user."""
    evaluation: EvaluationReport
    status: Status

    def title(self) -> str:
        """Say what the table shows."""
        return f"What CALL mmkg.recommend(u, {{k: {FILMS}}}) answers to {len(USERS)} users"

    def rows(self) -> list[tuple[object, ...]]:
        """Return the recommendations as a table, without its headings."""
        return [
            (answer.user, row.rank, row.film, row.score, row.reason)
            for answer in self.recommendations
            for row in answer.recommendations
        ]

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return {
            "recommendations": [answer.to_json() for answer in self.recommendations],
            "evaluation": self.evaluation.to_json(),
            "browser": self.status.browser,
            "username": self.status.neo4j.username,
            "logins": str(self.status.servers_file),
        }


def demo(
    settings: Settings, log: Callable[[str], None], *, posters: Path | None = None, **training: Any
) -> DemoReport:
    """Run the main job; what an earlier run has done is found done.

    Args:
        settings: the servers that the user named; the others are started.
        log: is told what is going on.
        posters: a folder of posters named by MovieLens id.
        training: settings of the model, as for `gnn.training.train`.

    Raises:
        ServerError: a local server does not start.
        InputError: the data cannot be fetched.
        GraphError: the graph holds other films, which the demo would mix with its own.
    """
    log("Starting the servers …")
    status = servers.up(settings)
    settings = settings.with_local_servers()
    log("Fetching MovieLens 100K and the clip …")
    movielens = downloads.movielens_100k(settings.cache)
    clip = clip_catalogue(settings.cache)
    _refuse_other_films(settings, [movielens, clip])
    log("Ingesting …")
    for report in (
        run("recbole", movielens, settings, posters=posters),
        run("catalogue", clip, settings),
    ):
        log(_counted(report))
    log("Note: as shipped, its .link file has the ids of MovieLens 1M: most facts are another film's.")
    log("Training …")
    trained = command.train(settings, **training)
    log(f"Trained {trained.model}, {trained.epochs} epochs. Measuring, and writing the vectors back …")
    evaluation = command.evaluate(settings, model=trained.model)
    command.embed(settings, model=trained.model)
    with Graph.connect(settings) as graph:
        answers = [Recommendations(user, graph.recommend(user, k=FILMS)) for user in USERS]
    return DemoReport(answers, evaluation, status)


def clip_catalogue(cache: Path) -> Path:
    """Make a catalogue of the one film that has a clip, and return its folder.

    Raises:
        InputError: the clip cannot be fetched.
    """
    clip = downloads.big_buck_bunny(cache)
    folder = cache / "demo" / "big-buck-bunny"
    trailer = folder / "media" / f"{CLIP_FILM['id']}.mp4"
    trailer.parent.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".clip.{os.getpid()}"
    shutil.copyfile(clip, temporary)
    temporary.replace(trailer)
    temporary.write_text(json.dumps(CLIP_FILM) + "\n")
    temporary.replace(folder / "movies.jsonl")
    return folder


def _refuse_other_films(settings: Settings, paths: list[Path]) -> None:
    """Film 1 of MovieLens and film 1 of another catalogue would become one node."""
    with Graph.connect(settings) as graph:
        for row in graph.read(OTHER_IMPORTS, paths=[str(path) for path in paths]):
            raise GraphError(
                f"the graph holds films of {row['path']} already, and ids would clash",
                where=str(settings.neo4j_uri),
                remedy="Set MMKG_HOME to an empty folder for the demo",
            )


def _counted(report: Report) -> str:
    total = report.total
    return (
        f"{report.source}: {total.created} created, {total.updated} updated, "
        f"{total.unchanged} unchanged, {report.rejected} rejected"
    )
