"""MovieLens 100K in a home, with a trained model that is active where a benchmark needs one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from gnn import command
from gnn.evaluation import measured_users
from gnn.problem import load_task
from gnn.registry import restore
from gnn.slots import active_model
from ingest import run
from kg import Graph
from mmkg import servers
from mmkg.console import log
from mmkg.settings import Settings
from storage import BlobStore

PARTS = {"films": "films.csv", "posters": "posters", "split": "split"}


@dataclass(frozen=True)
class TrainedHome:
    """The graph's films and users by number, and the active model's vectors."""

    settings: Settings
    film_ids: list[str]
    user_ids: list[str]
    users: NDArray[np.float32]
    """(users, dimension), of unit length, made of the train clicks."""
    films: NDArray[np.float32]
    """(films, dimension), of unit length."""
    clicks: Mapping[str, list[NDArray[np.int64]]]
    """By split, the film numbers of each user."""
    test_users: list[int]
    """The numbers of the users with a test click, as `mmkg evaluate` takes them."""

    def scores(self, user: int) -> NDArray[np.float32]:
        """Score all films for a user, (films,)."""
        return self.films @ self.users[user]


def ingested_home(data: Path) -> Settings:
    """Use the servers of MMKG_HOME, or start them, and ingest; a second time changes nothing."""
    servers.up(Settings.load())
    settings = Settings.load()
    _ingest(data, settings)
    return settings


def _ingest(data: Path, settings: Settings) -> None:
    """Bring the data into the graph, as far as the folder has it."""
    parts = {name: data / part for name, part in PARTS.items() if (data / part).exists()}
    report = run("recbole", data, settings, **parts)
    log(f"{report.title()}: {report.total.created} created, {report.total.unchanged} unchanged")


def trained_home(data: Path) -> TrainedHome:
    """Use the servers of MMKG_HOME, or start them; ingest and train unless a model is active there."""
    servers.up(Settings.load())
    settings = Settings.load()
    with Graph.connect(settings) as graph, BlobStore.connect(settings) as store:
        if active_model(graph) is None:
            log("No model is active: ingesting and training")
            _ingest(data, settings)
            command.train(settings)
            command.embed(settings)
        chosen = active_model(graph)
        assert chosen
        task = load_task(graph, store, settings)
    model, _ = restore(settings, chosen, task.problem)
    model.eval()
    with torch.no_grad():
        users, films = model.vectors()
    ids = task.problem.ripple.ids
    clicks = {
        split: np.split(some.items, np.searchsorted(some.users, np.arange(1, len(users))))
        for split, some in task.clicks.items()
    }
    tested = measured_users(task.clicks, "test").tolist()
    return TrainedHome(
        settings, list(ids["item"]), list(ids["user"]), users.numpy(), films.numpy(), clicks, tested
    )
