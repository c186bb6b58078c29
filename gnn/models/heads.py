"""The trained networks over what the encoders give: one a view of media, each to a vector of one width.

    text, image    FC(LayerNorm(features))
    video          max_t conv_t(FC(frame))
    motion         FC(LayerNorm(mean and max of a 3-D CNN over a burst of pixels)), the mean over bursts
    audio          FC(LayerNorm(mean and max of a 2-D CNN over the log-mel spectrogram))

and over a grid, the last blocks of EfficientNet-Lite0 and then the head of `image` or `video`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from gnn.encoders import efficientnet

CHANNELS = 16
SILENCE = -99.0
"""dB, below which a moment holds nothing: what follows a short sound."""
BUDGET = 256
"""Sounds or videos whose networks a training step runs, at most."""


def make_head(view: str, features: Tensor, width: int, tuned: int) -> nn.Module:
    """Make the network for a view's features, (nodes, ...), to (nodes, width).

    Args:
        view: one of `gnn.sampler.VIEWS`.
        features: as the encoder gave them.
        width: of what the network gives.
        tuned: pictures whose last blocks a training step runs, at most, where they are trained.
    """
    if view == "video":
        return VideoHead(features.shape[2], width)
    if view == "motion":
        return Recalled(MotionHead(width), BUDGET)
    if view == "audio":
        return Recalled(AudioHead(width), BUDGET)
    if view == "image_grid":
        return Recalled(nn.Sequential(LastBlocks(), dense(efficientnet.FEATURES, width)), tuned)
    if view == "video_grid":
        frames = features.shape[1]
        return Recalled(
            nn.Sequential(LastBlocks(), VideoHead(efficientnet.FEATURES, width)), max(1, tuned // frames)
        )
    return dense(features.shape[1], width)


def dense(channels: int, width: int) -> nn.Module:
    """Make the head of features that are a vector: (nodes, channels) to (nodes, width)."""
    return nn.Sequential(nn.LayerNorm(channels), nn.Dropout(0.2), nn.Linear(channels, width))


class Paced(nn.Module):
    """A network whose steps of Adam are of a size of their own."""

    pace: ClassVar[str]
    """The setting that is the share of `learning_rate`."""
    adam: ClassVar[Mapping[str, float]] = {}
    """Other settings of Adam that differ."""


class Recalled(nn.Module):
    """A costly network, which a training step runs on some nodes; of the others it recalls what it last gave.

    The nodes are drawn at random. So the memory and the time of a step are bounded however many media there
    are, and every film takes part in the loss: the historical embeddings of Fey et al., "GNNAutoScale", ICML
    2021. When the model is not in training, all nodes are computed, `budget` at a time. The features and what
    is recalled stay on the CPU, wherever the network is.
    """

    def __init__(self, network: nn.Module, budget: int) -> None:
        super().__init__()
        self.network = network
        self.budget = budget
        self._last: Tensor | None = None

    def forward(self, features: Tensor) -> Tensor:
        """Encode (nodes, ...) as (nodes, width), in float32."""
        if not self.training:
            encoded = torch.cat([self._run(part) for part in torch.split(features, self.budget)])
            self._last = encoded.detach()
            return encoded
        if len(features) <= self.budget:
            return self._run(features)
        if self._last is None:
            self.eval()
            with torch.no_grad():
                self(features)
            self.train()
        assert self._last is not None
        drawn = torch.randperm(len(features))[: self.budget]
        fresh = self._run(features[drawn])
        self._last = self._last.index_copy(0, drawn, fresh.detach())
        return self._last.index_copy(0, drawn, fresh)

    def _run(self, features: Tensor) -> Tensor:
        place = next(self.network.parameters()).device
        encoded: Tensor = self.network(features.to(place)).float().cpu()
        return encoded


class LastBlocks(Paced):
    """The last blocks of EfficientNet-Lite0, as ImageNet trained them, to be trained further."""

    pace = "finetune_rate"
    adam: ClassVar[Mapping[str, float]] = {"weight_decay": 0.0}  # which would pull them towards zero

    def __init__(self) -> None:
        super().__init__()
        whole = efficientnet.EfficientNetLite0.pretrained()
        self.blocks = whole.last_blocks().requires_grad_(True)

    def forward(self, grid: Tensor) -> Tensor:
        """Pool (nodes, [frames,] 192, 7, 7) as (nodes, [frames,] 1280)."""
        pooled: Tensor = self.blocks(grid.flatten(0, -4)).mean((2, 3))
        return pooled.view(*grid.shape[:-3], -1)


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


class MotionHead(Paced):
    """A 3-D CNN over bursts of pixels: (nodes, bursts, frames, height, width) to (nodes, width).

    Its filters extend in time, so each answers to a pattern that moves one way at one speed; the mean over
    place and time says how much of that there is, wherever it is (Adelson and Bergen, "Spatiotemporal energy
    models for the perception of motion", 1985). In training one burst a node, drawn at random, is looked at.
    """

    pace = "cnn_rate"

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv3d(1, CHANNELS, (3, 5, 5), stride=(1, 2, 2), padding=(1, 2, 2))
        self.second = nn.Conv3d(CHANNELS, 2 * CHANNELS, 3, stride=(1, 2, 2), padding=1)
        self.norm = nn.LayerNorm(4 * CHANNELS)
        self.dense = nn.Linear(4 * CHANNELS, width)

    def forward(self, features: Tensor) -> Tensor:
        """Encode (nodes, bursts, frames, height, width) as (nodes, width)."""
        if self.training:
            burst = torch.randint(features.shape[1], (len(features),))
            features = features[torch.arange(len(features)), burst].unsqueeze(1)
        nodes, bursts = features.shape[:2]
        pixels = _standardised(features.flatten(0, 1).unsqueeze(1))
        hidden = functional.relu(self.second(functional.relu(self.first(pixels))))
        pooled = self.norm(torch.cat([hidden.mean((2, 3, 4)), hidden.amax((2, 3, 4))], dim=1))
        out: Tensor = self.dense(pooled).view(nodes, bursts, -1).mean(1)
        return out


class AudioHead(Paced):
    """A CNN over the log-mel spectrogram, (nodes, 1, mels, moments) to (nodes, width).

    What lies behind the end of a short sound is not looked at.
    """

    pace = "cnn_rate"

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, CHANNELS, (5, 5), stride=(4, 1), padding=2)
        self.second = nn.Conv2d(CHANNELS, 2 * CHANNELS, (3, 5), stride=2, padding=(1, 2))
        self.third = nn.Conv2d(2 * CHANNELS, 2 * CHANNELS, (3, 5), stride=2, padding=(1, 2))
        self.norm = nn.LayerNorm(4 * CHANNELS)
        self.dense = nn.Linear(4 * CHANNELS, width)

    def forward(self, features: Tensor) -> Tensor:
        """Encode (nodes, 1, mels, moments) as (nodes, width)."""
        hidden, sounding = _sounding(features)
        for layer in (self.first, self.second, self.third):
            hidden = functional.relu(layer(hidden))
            sounding = sounding[:, :, :, :: layer.stride[1]]
            hidden = hidden * sounding
        count = sounding.sum((2, 3)) * hidden.shape[2]
        pooled = torch.cat([hidden.sum((2, 3)) / count, hidden.amax((2, 3))], dim=1)
        out: Tensor = self.dense(self.norm(pooled))
        return out


def _sounding(features: Tensor) -> tuple[Tensor, Tensor]:
    """Cut the silence that follows all of some sounds, and bring the rest to zero mean and unit spread.

    Returns:
        Spectrograms, (nodes, 1, mels, moments), zero where a sound has ended, and where it has not, 1 and 0,
        (nodes, 1, 1, moments).
    """
    moments = torch.arange(1, features.shape[3] + 1, device=features.device)
    ends = ((features.amax((1, 2)) > SILENCE) * moments).amax(1).clamp(min=1)  # (nodes,)
    longest = int(ends.max())
    sounding = (moments[:longest] <= ends[:, None]).float()[:, None, None]
    features = features[..., :longest]
    count = ends[:, None, None, None] * features.shape[2]
    mean = (features * sounding).sum((1, 2, 3), keepdim=True) / count
    centred = (features - mean) * sounding
    spread = (centred.square().sum((1, 2, 3), keepdim=True) / count).sqrt().clamp(min=1e-3)
    return centred / spread, sounding


def _standardised(values: Tensor) -> Tensor:
    """Bring each node's values, (nodes, ...), to zero mean and unit spread."""
    axes = tuple(range(1, values.dim()))
    spread = values.std(axes, keepdim=True).clamp(min=1e-3)
    return (values - values.mean(axes, keepdim=True)) / spread
