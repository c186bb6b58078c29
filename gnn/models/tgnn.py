"""TGNN, the paper's ablation: `mgnn` with text nodes alone. The facts stay, all other media are left out."""

from __future__ import annotations

from dataclasses import replace

from gnn.models.base import Problem
from gnn.models.mgnn import Mgnn, MgnnOptions


class Tgnn(Mgnn):
    """See the module; its settings are those of `mgnn`."""

    name = "tgnn"

    def __init__(self, problem: Problem, options: MgnnOptions) -> None:
        text = {modality: matrix for modality, matrix in problem.features.items() if modality == "text"}
        super().__init__(replace(problem, features=text), options)
