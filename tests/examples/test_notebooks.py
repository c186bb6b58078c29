"""The notebooks run from top to bottom, as somebody with a graph of his own would run them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from kg import Graph
from mmkg.settings import Settings
from tests.gnn import planted

EXAMPLES = Path(__file__).parents[2] / "examples"
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the kernel's files and histories out of the home directory."""
    for variable in ("IPYTHONDIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR"):
        monkeypatch.setenv(variable, str(tmp_path / variable.lower()))


def read(name: str) -> Any:
    return nbformat.read(EXAMPLES / f"{name}.ipynb", as_version=4)


def printed(name: str) -> str:
    """Run a notebook and return all that its cells print or show as text."""
    notebook = read(name)
    NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": EXAMPLES}}
    ).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert [output["text"] for output in outputs if output.get("name") == "stderr"] == []
    return "".join(output.get("text") or output["data"].get("text/plain", "") for output in outputs)


def test_explore(films: Graph, settings: Settings) -> None:
    text = printed("explore")
    assert "14 node     Movie" in text
    assert "1. M  0.951  like Faust, which you clicked" in text
    assert "User:1 -[CLICKED]-> Metropolis <-[DIRECTED]- Fritz Lang -[DIRECTED]-> M" in text
    assert films.read("MATCH (u:User) RETURN u.id AS id") == [{"id": "1"}]


def test_train(graph: Graph, settings: Settings) -> None:
    planted.fill(graph)
    text = printed("train")
    assert "mgnn: mgnn-" in text
    assert "popularity" in text
    assert "5. Film" in text


@pytest.mark.skipif(not importlib.util.find_spec("py2neo"), reason="the extra `notebooks` is not installed")
def test_py2neo(films: Graph, settings: Settings) -> None:
    text = printed("py2neo")
    assert "9 City Lights" in text
    assert "like Faust, which you clicked" in text


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_is_committed_has_no_outputs_and_is_run_here(path: Path) -> None:
    assert f"test_{path.stem}" in globals()
    for cell in read(path.stem).cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
