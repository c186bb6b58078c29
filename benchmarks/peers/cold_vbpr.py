"""VBPR (He & McAuley 2016) of Cornac, trained on clicks and features, scoring films without a click too.

    python cold_vbpr.py INPUTS.npz SETTINGS.json SCORES.npy

Runs in the peers' environment (`requirements.txt`). INPUTS holds `users` and `items` (how many), `clicks`
((n, 2), user and film numbers) and `features` ((items, width), zero for a film without media). SCORES becomes
(users, items). SETTINGS are those of `cornac.models.VBPR`. A film without a click is told by its features.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import cornac
import numpy as np
from cornac.data import Dataset, ImageModality


def main() -> None:
    """Train, and write the scores."""
    inputs, settings, scores = sys.argv[1:]
    with np.load(inputs) as arrays:
        users, items = int(arrays["users"]), int(arrays["items"])
        clicks, features = arrays["clicks"], arrays["features"].astype(np.float32)
    clicked = np.zeros(items, dtype=bool)
    clicked[clicks[:, 1]] = True
    # Films with a click come first: Cornac draws the films that a user did not click from these alone, so
    # that no film is taught to be disliked because nobody could click it yet.
    order = np.argsort(~clicked, kind="stable")
    number = np.empty(items, dtype=np.int64)
    number[order] = np.arange(items)
    data = Dataset(
        num_users=users,
        num_items=int(clicked.sum()),
        uid_map={user: user for user in range(users)},
        iid_map={item: item for item in range(items)},
        uir_tuple=(clicks[:, 0], number[clicks[:, 1]], np.ones(len(clicks))),
        seed=0,
    )
    images = ImageModality(features=features[order], ids=list(range(items)), normalized=False)
    images.build(id_map=data.iid_map)
    data.add_modalities(item_image=images)
    model = cornac.models.VBPR(**json.loads(Path(settings).read_text()), use_gpu=False, verbose=False)
    model.fit(data)
    model.gamma_item[data.num_items :] = 0
    model.beta_item[data.num_items :] = 0
    found = (
        model.gamma_user @ model.gamma_item.T
        + model.theta_user @ model.theta_item.T
        + model.beta_item
        + model.visual_bias
    )
    np.save(scores, found[:, number].astype(np.float32))


if __name__ == "__main__":
    main()
