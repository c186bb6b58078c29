"""Trainable heads that bring the frozen encoders' features of each modality to one width, per film.

The paper's `V_t = Σ [3DCNN(FC(video)) + Em(FC(text)) + MF(FC(audio)) + CNN(FC(image))]` over the attached
nodes: the frozen encoders are the 2-D CNN over the pixels, and the head of video convolves over time.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from gnn import heterograph
from gnn.models.base import Options, Problem
from gnn.sampler import MODALITIES
from mmkg.errors import UsageError

CHANNELS = 16


@dataclass(frozen=True)
class MediaOptions(Options):
    """The settings of every model that uses media: which of them, 1 or 0."""

    text: int = 1
    """1 uses the texts, 0 goes without them."""
    image: int = 1
    audio: int = 1
    video: int = 1

    def __post_init__(self) -> None:
        for modality in MODALITIES:
            if getattr(self, modality) not in (0, 1):
                raise UsageError(f"{modality} must be 1 or 0, and is {getattr(self, modality)}")

    def modalities(self) -> tuple[str, ...]:
        """Return the modalities that are used."""
        return tuple(modality for modality in MODALITIES if getattr(self, modality))


class VideoHead(nn.Module):
    """`max_t conv_t(FC(frame))`: features (nodes, frames, channels) to (nodes, width)."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.dense = nn.Linear(channels, width)
        self.over_time = nn.Conv1d(width, width, kernel_size=3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        """Encode (nodes, frames, channels) as (nodes, width)."""
        frames = functional.relu(self.dense(features))
        out: Tensor = functional.relu(self.over_time(frames.transpose(1, 2))).amax(2)
        return out


class AudioHead(nn.Module):
    """A small CNN over the mel spectrogram: (nodes, 1, mels, frames) to (nodes, width)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, CHANNELS, kernel_size=5, stride=(2, 4), padding=2)
        self.second = nn.Conv2d(CHANNELS, 2 * CHANNELS, kernel_size=3, stride=2, padding=1)
        self.dense = nn.Linear(4 * CHANNELS, width)

    def forward(self, features: Tensor) -> Tensor:
        """Encode (nodes, 1, mels, frames) as (nodes, width)."""
        # A spectrogram in decibels lies far from zero: bring each to zero mean and unit spread.
        scale = features.std((1, 2, 3), keepdim=True).clamp(min=1e-3)
        hidden = functional.relu(self.first((features - features.mean((1, 2, 3), keepdim=True)) / scale))
        hidden = functional.relu(self.second(hidden))
        out: Tensor = self.dense(torch.cat([hidden.mean((2, 3)), hidden.amax((2, 3))], dim=1))
        return out


class MediaEncoder(nn.Module):
    """The mean over a film's attached media of each modality's head, summed over the modalities.

    A modality that a film lacks adds nothing; in training, `dropout` takes a film's modality away at random,
    so that no film depends on one. `weights`, one a modality, start at 0.1: media weigh as much as they help.
    """

    def __init__(
        self, problem: Problem, width: int, dropout: float = 0.3, used: Collection[str] = MODALITIES
    ) -> None:
        super().__init__()
        self.items = problem.items
        self.width = width
        self.dropout = dropout
        self.links = _links(problem, used)
        self.features = {modality: problem.features[modality] for modality in self.links}
        heads: dict[str, nn.Module] = {}
        for modality, features in self.features.items():
            if modality == "video":
                heads[modality] = VideoHead(features.shape[2], width)
            elif modality == "audio":
                heads[modality] = AudioHead(width)
            else:
                heads[modality] = nn.Sequential(
                    nn.LayerNorm(features.shape[1]), nn.Dropout(0.2), nn.Linear(features.shape[1], width)
                )
        self.heads = nn.ModuleDict(heads)
        self.weights = nn.ParameterDict({modality: torch.tensor(0.1) for modality in heads})

    def forward(self) -> Tensor:
        """Encode all films' media, (items, width); zero for a film without any."""
        total = torch.zeros(
            self.items, self.width, device=next(iter(self.weights.values()), torch.zeros(())).device
        )
        for modality, encoded in self.by_modality().items():
            film = encoded * self.weights[modality]
            if self.training:
                film = film * (torch.rand(self.items, 1) >= self.dropout) / (1 - self.dropout)
            total = total + film
        return total

    def by_modality(self) -> dict[str, Tensor]:
        """Encode all films' media of each modality, (items, width); zero for a film without any."""
        return {
            modality: heterograph.weighted_sum(link, self.heads[modality](self.features[modality]), share)
            for modality, (link, share) in self.links.items()
        }


def _links(problem: Problem, used: Collection[str]) -> dict[str, tuple[heterograph.Heterograph, Tensor]]:
    """By modality, the graph from media nodes to items, and each edge's share of its item's media."""
    links = {}
    for modality in MODALITIES:
        if modality not in problem.features or modality not in used:
            continue
        found = [
            heterograph.edges(problem.ripple.graph, edge_type)
            for edge_type in heterograph.edge_types(problem.ripple.graph)
            if edge_type[0] == modality and edge_type[2] == "item"
        ]
        if not found:
            continue
        media, items = torch.cat([torch.stack(pair) for pair in found], dim=1)
        if modality in problem.present:
            encoded = problem.present[modality][media]
            media, items = media[encoded], items[encoded]
        degree = torch.bincount(items, minlength=problem.items)
        graph = heterograph.bipartite(media, items, problem.ripple.count(modality), problem.items)
        links[modality] = (graph, 1 / degree[items].float())
    return links
