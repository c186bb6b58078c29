"""What an experiment leaves out of `mgnn`: its modalities (the paper's Table 3), and its other parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gnn.models import Options
from gnn.models.media import MediaOptions
from gnn.models.mgnn import PARTS
from gnn.problem import Task
from gnn.sampler import VIEWS

STUDIED = "mgnn"
ALL_MEDIA = "all media"
ALL_PARTS = "all parts"

Variants = Mapping[str, Options]
"""By label; the first one has everything."""


def modalities(task: Task, options: Options) -> Variants:
    """Leave out each modality of the graph, and all others, and all; the same choice is made once."""
    assert isinstance(options, MediaOptions)
    seen = {VIEWS[view] for view in task.problem.features}
    used = [modality for modality in options.modalities() if modality in seen]
    choices = {frozenset(used): ALL_MEDIA}
    for modality in used:
        choices.setdefault(frozenset(used) - {modality}, f"without {modality}")
    for modality in used:
        choices.setdefault(frozenset({modality}), f"{modality} alone")
    choices.setdefault(frozenset(), "no media")
    if not used:
        return {}
    return {
        label: replace(options, **{modality: int(modality in kept) for modality in used})
        for kept, label in choices.items()
    }


def parts(options: Options) -> Variants:
    """Leave out each part by the setting that does without it; what the settings lack anyhow is no part."""
    left_out = {f"without {part}": options.with_changes(setting) for part, setting in PARTS.items()}
    return {ALL_PARTS: options, **{label: each for label, each in left_out.items() if each != options}}
