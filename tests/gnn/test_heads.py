"""The networks over media: all of each is trained, in bounded steps, from the weights that it should have."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from gnn.device import device, mixed_precision, use
from gnn.encoders import efficientnet
from gnn.encoders.image import ImageEncoder, ImageGridEncoder
from gnn.learner import adam
from gnn.models import MODELS, Problem, Recommender, model_class
from gnn.models.heads import AudioHead, LastBlocks, MotionHead, Recalled, make_head
from gnn.problem import Task
from gnn.run import Run
from gnn.training import CHECKPOINT
from mmkg.errors import UsageError
from tests.gnn.planted import FILMS, USERS, planted_problem

SHAPES = {
    "text": (384,),
    "image": (1280,),
    "image_grid": efficientnet.GRID,
    "audio": (1, 64, 40),
    "video": (4, 1280),
    "video_grid": (2, *efficientnet.GRID),
    "motion": (4, 8, 32, 32),
}


def features(view: str, count: int, seed: int = 0) -> Tensor:
    drawn = np.random.default_rng(seed).normal(size=(count, *SHAPES[view])).astype(np.float32)
    return torch.from_numpy(drawn)


def problem_with(view: str, modality: str, count: int = FILMS) -> Problem:
    problem = planted_problem(**{modality: np.zeros((count, 1), np.float32)})
    return replace(problem, features={view: features(view, count)})


def make(name: str, problem: Problem, **changes: float) -> Recommender:
    torch.manual_seed(0)
    kind = model_class(name)
    return kind(problem, kind.defaults.with_changes({"dimension": 8, **changes}))


def pictures(count: int) -> list[np.ndarray]:
    return [
        np.asarray(Image.effect_mandelbrot((224, 224), (-2 + n / 9, -1.5, 1, 1.5), 30).convert("RGB"))
        for n in range(count)
    ]


@pytest.mark.parametrize("view", SHAPES)
def test_the_loss_reaches_every_weight_of_a_network(view: str) -> None:
    torch.manual_seed(0)
    head = make_head(view, features(view, 6), 5, tuned=4)
    encoded = head(features(view, 6))
    assert encoded.shape == (6, 5)
    encoded.square().sum().backward()
    for name, weight in head.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.abs().max() > 0, name


def test_a_step_runs_a_costly_network_on_no_more_than_its_budget_and_recalls_the_rest() -> None:
    ran: list[int] = []

    class Counting(torch.nn.Linear):
        def forward(self, values: Tensor) -> Tensor:
            ran.append(len(values))
            return super().forward(values)

    head = Recalled(Counting(3, 2), budget=4)
    values = torch.randn(10, 3)
    head.eval()
    before = head(values)
    torch.testing.assert_close(
        before, torch.nn.functional.linear(values, head.network.weight, head.network.bias)
    )
    assert ran == [4, 4, 2]
    ran.clear()
    head.train()
    with torch.no_grad():
        head.network.weight += 1.0
    encoded = head(values)
    assert ran == [4]
    moved = (encoded != before).any(1)
    assert moved.sum() == 4
    encoded[~moved].sum().backward(retain_graph=True)
    assert not head.network.weight.grad.any()
    encoded[moved].sum().backward()
    assert head.network.weight.grad.any()
    for _ in range(30):  # by then each was drawn
        encoded = head(values)
    torch.testing.assert_close(encoded, head.network(values))


def test_what_follows_the_end_of_a_sound_changes_nothing() -> None:
    torch.manual_seed(0)
    head = AudioHead(5).eval()
    short, long = features("audio", 2)[:, :, :, :24], features("audio", 2, seed=1)
    silence = torch.full((2, 1, 64, 16), -100.0)
    padded = torch.cat([short, silence], dim=3)
    with torch.no_grad():
        alone = head(short)
        torch.testing.assert_close(head(padded), alone)
        torch.testing.assert_close(head(torch.cat([padded, long]))[:2], alone)
        assert torch.isfinite(head(silence)).all()


def test_motion_is_heard_by_its_way_and_not_by_where_or_how_bright_it_is() -> None:
    torch.manual_seed(0)
    head = MotionHead(5).eval()
    still = torch.randn(32, 32)
    one, other = (
        torch.stack([still.roll(way * 2 * step, 1) for step in range(8)]).expand(1, 4, 8, 32, 32)
        for way in (1, -1)
    )
    with torch.no_grad():
        same, moved, brighter = head(one), head(other), head(3 * one + 7)
    torch.testing.assert_close(brighter, same, atol=1e-4, rtol=1e-4)
    assert (moved - same).norm() > 0.05 * same.norm()


def test_the_last_blocks_begin_as_the_frozen_network_ends() -> None:
    pixels = pictures(3)
    grids = torch.from_numpy(ImageGridEncoder().encode(pixels))
    assert grids.shape[1:] == efficientnet.GRID
    with torch.no_grad():
        pooled = LastBlocks()(grids)
        frames = LastBlocks()(grids.unsqueeze(0))
    torch.testing.assert_close(pooled, torch.from_numpy(ImageEncoder().encode(pixels)), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(frames[0], pooled)


@pytest.mark.parametrize(("view", "modality"), [("image_grid", "image"), ("video_grid", "video")])
def test_fine_tuning_moves_the_last_blocks_in_small_steps(view: str, modality: str) -> None:
    options = {f"finetune_{modality}": 1, "finetune_batch": 4, "learning_rate": 0.01}
    model = make("mgnn", problem_with(view, modality, count=6), **options)
    optimizer = adam(model, model.parameters())
    rest, blocks = optimizer.param_groups
    assert rest["lr"] == 0.01
    assert (blocks["lr"], blocks["weight_decay"]) == (0.01 * 0.01, 0)
    assert len(rest["params"]) + len(blocks["params"]) == len(list(model.parameters()))
    before = [weight.detach().clone() for weight in blocks["params"]]
    for _ in range(2):
        optimizer.zero_grad()
        model.loss(torch.arange(USERS)).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    for old, new in zip(before, blocks["params"], strict=True):
        assert 0 < (new - old).abs().max() < 3e-4


def test_without_fine_tuning_no_weight_of_the_image_network_is_in_the_model() -> None:
    frozen = make("mgnn", problem_with("image", "image"))
    assert not any(isinstance(module, LastBlocks) for module in frozen.modules())


def test_what_is_seen_follows_the_settings() -> None:
    defaults = MODELS["mgnn"].defaults
    assert defaults.views() == ("text", "image", "audio", "video", "motion")
    assert defaults.with_changes({"video": 0}).views() == ("text", "image", "audio")
    assert defaults.with_changes({"motion": 0, "audio": 0}).views() == ("text", "image", "video")
    tuned = {"finetune_image": 1, "finetune_video": 1, "motion": 0}
    assert defaults.with_changes(tuned).views() == ("text", "image_grid", "audio", "video_grid")
    assert MODELS["nfm"].defaults.views() == ()
    with pytest.raises(UsageError, match="finetune_image must be 1 or 0, and is 2"):
        defaults.with_changes({"finetune_image": 2})
    with pytest.raises(UsageError, match="finetune_batch must be above 0, and is 0"):
        defaults.with_changes({"finetune_batch": 0})


@pytest.mark.parametrize("name", sorted(MODELS))
def test_mixed_precision_is_near_full_precision(name: str) -> None:
    problem = planted_problem(text=np.random.default_rng(0).normal(size=(FILMS, 384)).astype(np.float32))
    batch = torch.arange(USERS)

    def loss_and_gradients(enabled: bool) -> tuple[float, Tensor, bool]:
        model = make(name, problem)
        torch.manual_seed(1)
        with mixed_precision(enabled):
            halved = (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.bfloat16
            loss = model.loss(batch)
        loss.backward()  # type: ignore[no-untyped-call]
        gradients = [weight.grad.flatten() for weight in model.parameters() if weight.grad is not None]
        assert all(weight.dtype == torch.float32 for weight in model.parameters())
        return loss.item(), torch.cat(gradients), halved

    full, exact, halved = loss_and_gradients(False)
    assert not halved
    mixed, near, halved = loss_and_gradients(True)
    assert halved
    assert mixed == pytest.approx(full, rel=0.02)
    assert torch.nn.functional.cosine_similarity(near, exact, dim=0) > 0.98


OVER_MEDIA = [("audio", "audio", {}), ("motion", "video", {}), ("image_grid", "image", {"finetune_image": 1})]


@pytest.mark.parametrize(("view", "modality", "options"), OVER_MEDIA)
def test_trained_networks_have_the_same_numbers_again_and_after_an_interruption(
    view: str, modality: str, options: dict[str, float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gnn.models.heads.BUDGET", 8)  # so that some are recalled
    problem = problem_with(view, modality, count=12)
    task = Task(problem, {"train": problem.clicks, "valid": problem.clicks}, {})
    common = {"finetune_batch": 8, "evaluate_every": 2, "patience": 99, **options}

    def run(epochs: int, checkpoint: Path) -> Run:
        model = make("mgnn", problem, epochs=epochs, **common)
        torch.manual_seed(3)
        run = Run(model, task, checkpoint)
        run.resume("x")
        run.until_the_end("x")
        return run

    straight, again = run(4, tmp_path / "one" / CHECKPOINT), run(4, tmp_path / "two" / CHECKPOINT)
    run(2, tmp_path / "three" / CHECKPOINT)
    resumed = run(4, tmp_path / "three" / CHECKPOINT)
    assert len(resumed.curve) == 4
    for key, tensor in straight.model.state_dict().items():
        assert torch.equal(again.model.state_dict()[key], tensor), key
        assert torch.equal(resumed.model.state_dict()[key], tensor), key


def test_the_device_is_chosen_by_name() -> None:
    use("cpu")
    try:
        assert device() == torch.device("cpu")
        with pytest.raises(UsageError, match="there is no device 'tpu'"):
            use("tpu")
        if not torch.cuda.is_available():
            with pytest.raises(UsageError, match="torch finds no GPU"):
                use("cuda")
    finally:
        use("auto")
