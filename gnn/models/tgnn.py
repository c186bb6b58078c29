"""TGNN, the paper's ablation: `mgnn` with text nodes alone. The facts stay, all other media are left out."""

from __future__ import annotations

from typing import ClassVar

from gnn.models.mgnn import Mgnn, MgnnOptions


class Tgnn(Mgnn):
    """See the module; but for the media its settings are those of `mgnn`."""

    name = "tgnn"
    defaults: ClassVar[MgnnOptions] = MgnnOptions(image=0, audio=0, video=0)
