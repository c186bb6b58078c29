"""Speech by the synthesiser eSpeak NG, where the package espeakng-loader is there."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

SYNCHRONOUS, UTF8 = 2, 1


def speech(text: str) -> tuple[np.ndarray[Any, Any], int]:
    """Return samples between -1 and 1, and their rate."""
    import espeakng_loader

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    rate = library.espeak_Initialize(SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0)
    pieces: list[np.ndarray[Any, Any]] = []

    @ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
    def take(samples: Any, count: int, _events: Any) -> int:
        if samples and count:
            pieces.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    library.espeak_SetSynthCallback(take)
    library.espeak_SetVoiceByName(b"en")
    data = text.encode() + b"\0"
    library.espeak_Synth(data, len(data), 0, 0, 0, UTF8, None, None)
    library.espeak_Terminate()
    return np.concatenate(pieces) / 32768, rate
