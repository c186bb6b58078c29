"""A film's media as one vector: the features of the encoders, through networks that are trained, summed.

The paper's `V_t = Σ [3DCNN(FC(video)) + Em(FC(text)) + MF(FC(audio)) + CNN(FC(image))]` over the attached
nodes; the networks are those of `gnn.models.heads`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from gnn import heterograph
from gnn.device import device
from gnn.models.base import Options, Problem
from gnn.models.heads import Recalled, make_head
from gnn.sampler import MODALITIES, VIEWS
from mmkg.errors import UsageError


@dataclass(frozen=True)
class MediaOptions(Options):
    """The settings of every model that uses media: which of them, and what of their encoders is trained."""

    text: int = 1
    """1 uses the texts, 0 goes without them."""
    image: int = 1
    audio: int = 1
    video: int = 1
    frames: int = 1
    """1 sees what single frames of a video show."""
    motion: int = 1
    """1 sees how a video moves."""
    cnn_rate: float = 0.3
    """The step size of the convolutions over sound and motion, as a share of `learning_rate`."""
    finetune_image: int = 0
    """1 trains the last blocks of the image network on the pictures, 0 leaves them as they are."""
    finetune_video: int = 0
    """The same for the frames of videos."""
    finetune_rate: float = 0.01
    """The step size of these blocks, as a share of `learning_rate`."""
    finetune_batch: int = 64
    """Pictures on which a training step runs them, at most; a frame is a picture."""

    switches: ClassVar[tuple[str, ...]] = (
        *MODALITIES,
        "frames",
        "motion",
        "finetune_image",
        "finetune_video",
    )
    """The settings that are on or off."""

    def __post_init__(self) -> None:
        for name in self.switches:
            if getattr(self, name) not in (0, 1):
                raise UsageError(f"{name} must be 1 or 0, and is {getattr(self, name)}")
        for name in ("cnn_rate", "finetune_rate", "finetune_batch"):
            if getattr(self, name) <= 0:
                raise UsageError(f"{name} must be above 0, and is {getattr(self, name)}")

    def modalities(self) -> tuple[str, ...]:
        """Return the modalities that are used."""
        return tuple(modality for modality in MODALITIES if getattr(self, modality))

    def views(self) -> tuple[str, ...]:
        """Return what the model sees of the media: see `gnn.sampler.VIEWS`."""
        seen = {
            "text": self.text,
            "image_grid" if self.finetune_image else "image": self.image,
            "audio": self.audio,
            "video_grid" if self.finetune_video else "video": self.video and self.frames,
            "motion": self.video and self.motion,
        }
        return tuple(view for view, is_seen in seen.items() if is_seen)


class MediaEncoder(nn.Module):
    """The mean over a film's attached media of each view's head, summed over the views.

    A view that a film lacks adds nothing; in training, `dropout` takes a film's view away at random, so that
    no film depends on one. `weights`, one a view, start at 0.1: media weigh as much as they help.
    """

    def __init__(self, problem: Problem, width: int, options: MediaOptions, dropout: float = 0.3) -> None:
        super().__init__()
        self.items = problem.items
        self.width = width
        self.dropout = dropout
        self.links = _links(problem, options.views())
        self.heads = nn.ModuleDict(
            {
                view: make_head(view, problem.features[view], width, options.finetune_batch)
                for view in self.links
            }
        ).to(device())
        self.features = {
            view: problem.features[view].to("cpu" if isinstance(head, Recalled) else device())
            for view, head in self.heads.items()
        }
        self.weights = nn.ParameterDict({view: torch.tensor(0.1) for view in self.heads})

    def forward(self) -> Tensor:
        """Encode all films' media, (items, width); zero for a film without any."""
        total = torch.zeros(self.items, self.width)
        for view, encoded in self.by_view().items():
            film = encoded * self.weights[view]
            if self.training:
                film = film * (torch.rand(self.items, 1) >= self.dropout) / (1 - self.dropout)
            total = total + film
        return total

    def by_view(self) -> dict[str, Tensor]:
        """Encode each view of all films' media, (items, width); zero for a film without any."""
        return {
            view: heterograph.weighted_sum(link, self.heads[view](self.features[view]).float().cpu(), share)
            for view, (link, share) in self.links.items()
        }


def _links(problem: Problem, views: Collection[str]) -> dict[str, tuple[heterograph.Heterograph, Tensor]]:
    """By view, the graph from media nodes to items, and each edge's share of its item's media."""
    links = {}
    for view in views:
        if view not in problem.features:
            continue
        if not len(problem.media_edges(view)[0]):
            continue
        media, items = problem.encoded_edges(view)
        degree = torch.bincount(items, minlength=problem.items)
        graph = heterograph.bipartite(media, items, problem.ripple.count(VIEWS[view]), problem.items)
        links[view] = (graph, 1 / degree[items].float())
    return links
