"""Settings of several models in one JSON file, `{"mgnn": {"learning_rate": 0.01}}`: what tuning leaves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmkg.errors import InputError
from mmkg.files import write_whole


def read_settings(path: Path) -> dict[str, dict[str, Any]]:
    """Read the settings; whether a model has them is for the model to say.

    Raises:
        InputError: the file is missing, no JSON, or holds something else.
    """
    remedy = "Write one with `mmkg tune`"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError("there is no such file", where=str(path), remedy=remedy) from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"the file is no JSON ({error})", where=str(path), remedy=remedy) from None
    if not isinstance(found, dict) or not all(isinstance(value, dict) for value in found.values()):
        raise InputError(
            "the file holds no settings by the name of a model",
            where=str(path),
            remedy='It looks like {"mgnn": {"learning_rate": 0.01}}; ' + remedy,
        )
    return found


def add_settings(path: Path, model: str, settings: Mapping[str, Any]) -> None:
    """Put a model's settings into the file, made if need be; those of other models stay.

    Raises:
        InputError: what is there is no such file.
    """
    found = read_settings(path) if path.exists() else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps({**found, model: dict(settings)}, indent=2) + "\n")
