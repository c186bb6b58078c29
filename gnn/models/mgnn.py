"""The default model: clicks, facts and media in one space, without a table of users.

A user is what he clicked, so fresh clicks and new users need no training:

    film i as a cause of clicks     p_i = F_p(e_i^p + M_p(media of i))
    film i as a target              q_i = unit(F_q(e_i^q + M_q(media of i)))
    user u                          v_u = unit(b + Σ_{i ∈ C(u)} exp(w_i) p_i / √|C(u)|)      (the paper's V_h)
    score                           v_u · q_i

`F` aggregates K hops of facts (`gnn.models.facts`, the paper's V_ti and its ripple), `M` the media
(`gnn.models.media`, the paper's V_t), `b` stands for a user of whom nothing is known. A film that nobody
clicked has no embedding `e_i` of its own, only facts and media. In training a part of the clicks is taken out
of `C(u)` at random, and the loss is the full softmax over all films at a temperature:

    L = - Σ_u |C(u)|^-½ Σ_{i ∈ C(u)} log softmax_i(v_u · q / τ)

or, with `negatives`, over the film and so many drawn ones alone; with one it is BPR.

The final vectors hold a second, linear pair of vectors beside this learned one (`gnn.models.linear`), and one
number more, so that unit vectors keep what the films' lengths say (`gnn.models.lengths`):

    user (v_u, v_u')        film (q_i, w √items q_i')

A user of few clicks is nearer to everybody's taste than they say. `few_share` teaches that by users of whom a
training step sees few, and `linear_prior` adds clicks of an average user to v_u'.

A film that nobody clicked, and one that came after the training, takes its vectors from the films that are
like it (`gnn.models.content`). These are cautious, so that it ranks behind films with clicks that suit the
user as well; `cold_offset` lifts it, by one more number that is the same for all users (calibrated stacking,
Chao et al. 2016).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from gnn import heterograph
from gnn.models.base import Problem, Recommender
from gnn.models.content import FLAT, ContentMap
from gnn.models.facts import FactAggregator
from gnn.models.layers import UserBlock, UserLayers
from gnn.models.lengths import unit_vectors
from gnn.models.linear import linear_factors
from gnn.models.media import MediaEncoder, MediaOptions
from gnn.models.pairs import Negatives, rows
from mmkg.errors import UsageError

LINEAR_ITEMS = 10_000
"""The linear model and the content map invert a matrix of items by items: beyond this many there is none."""


@dataclass(frozen=True)
class MgnnOptions(MediaOptions):
    """The settings of `mgnn`; the defaults were chosen on MovieLens 100K, without its test clicks."""

    dimension: int = 128
    linear_share: float = 0.375
    """Share of the dimensions for the linear model; 0 goes without it."""
    linear_weight: float = 0.085
    """w: the weight of the linear model against the learned one."""
    linear_prior: float = 0.0
    """How many clicks of an average user the linear model adds to a user's own."""
    hops: int = 1
    learning_rate: float = 0.01
    batch_size: int = 1024
    weight_decay: float = 4e-4
    temperature: float = 0.3
    """τ: the cosine is divided by it before the softmax."""
    negatives: int = 0
    """Films drawn for each click, among which it has to be ranked; 0 ranks it among all films."""
    click_dropout: float = 0.3
    """Share of a user's clicks that his vector does not see in a training step."""
    few_share: float = 0.0
    """Share of users whose vectors see few clicks in a training step, as those of new users do."""
    few_clicks: int = 10
    """The most clicks that are few; how many is drawn, from none to this."""
    film_dropout: float = 0.1
    """Share of films that lose their own embedding in a training step, so that facts and media speak."""
    fact_dropout: float = 0.2
    media_dropout: float = 0.3
    """Share of films that lose a modality in a training step."""
    attention: int = 1
    """1 learns how much each relation and each view of the media tells, 0 takes all alike."""
    content_penalty: float = 10.0
    """λ of the content map; 0 goes without: a film without clicks has what was learned of facts and media."""
    cold_offset: float = 0.0
    """What a film without clicks gets on top of each user's score, where a learned score is -1 to 1."""

    switches: ClassVar[tuple[str, ...]] = (*MediaOptions.switches, "attention")

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("negatives", "few_clicks", "linear_prior"):
            if getattr(self, name) < 0:
                raise UsageError(f"{name} must be 0 or more, and is {getattr(self, name)}")


PARTS: Mapping[str, Mapping[str, float]] = {
    "linear model": {"linear_share": 0.0},
    "facts": {"hops": 0},
    "attention": {"attention": 0},
    "click dropout": {"click_dropout": 0.0},
    "film dropout": {"film_dropout": 0.0},
    "fact dropout": {"fact_dropout": 0.0},
    "media dropout": {"media_dropout": 0.0},
    "temperature": {"temperature": 1.0},
    "softmax over all films": {"negatives": 1},
    "weight decay": {"weight_decay": 0.0},
    "content map": {"content_penalty": 0.0},
}
"""What an ablation leaves out, and by which settings; the modalities are settings of `MediaOptions`."""


class Mgnn(Recommender):
    """See the module."""

    name = "mgnn"
    batch_of = "users"
    inductive = True
    defaults: ClassVar[MgnnOptions] = MgnnOptions()
    on_ripples: ClassVar[Mapping[str, float]] = {"linear_share": 0.0, "content_penalty": 0.0}
    computed = frozenset({"linear_causes", "linear_targets"})
    options: MgnnOptions
    linear_causes: Tensor
    linear_targets: Tensor

    def __init__(self, problem: Problem, options: MgnnOptions) -> None:
        super().__init__(problem, options)
        few = problem.items <= LINEAR_ITEMS
        rank = min(int(options.dimension * options.linear_share), problem.items) if few else 0
        learned = options.dimension - rank - 1 - bool(options.cold_offset)
        if learned < 1:
            raise UsageError(
                f"a dimension of {options.dimension} leaves nothing to learn", remedy="Take 8 or more"
            )
        width = 2 * learned  # both roles of a film travel side by side: cause, target
        users, items = torch.from_numpy(problem.clicks.users), torch.from_numpy(problem.clicks.items)
        self.fame = torch.bincount(items, minlength=problem.items).float() / max(len(items), 1)
        self.clicked = (self.fame > 0).float().unsqueeze(1)
        # A film that nobody clicked learns no embedding: its row is and stays zero, which says so.
        self.film = nn.Parameter(torch.randn(problem.items, width) * learned**-0.5 * self.clicked)
        self.weight = nn.Parameter(torch.zeros(problem.items, 1))
        self.unknown_user = nn.Parameter(torch.randn(1, learned) * learned**-0.5)
        self.facts = FactAggregator(problem, width, options.hops, options.fact_dropout)
        self.facts.attention.requires_grad_(bool(options.attention))
        self.media = MediaEncoder(problem, width, options, options.media_dropout)
        self.media.weights.requires_grad_(bool(options.attention))
        self.clicks = heterograph.bipartite(items, users, problem.items, problem.users)
        causes, targets = linear_factors(problem, rank) if rank else (torch.zeros(problem.items, 0),) * 2
        self.register_buffer("linear_causes", causes)
        self.register_buffer("linear_targets", targets)
        self._content: ContentMap | None = None
        self.negatives = Negatives(problem.clicks, problem.items) if options.negatives else None

    @classmethod
    def reach(cls, options: MgnnOptions) -> int | None:
        """See `Recommender.reach`. The linear model needs all clicks at once."""
        if options.linear_share:
            return None
        return options.hops + (1 if options.hops % 2 else 2)  # the last film's media have to be there

    def axes(self) -> dict[str, tuple[int, str]]:
        """See `Recommender.axes`."""
        return {
            "film": (0, "item"),
            "weight": (0, "item"),
            "facts.entities": (0, "entity"),
            "facts.attention": (1, "relation"),
            "linear_causes": (0, "item"),
            "linear_targets": (0, "item"),
        }

    def loss(self, batch: Tensor) -> Tensor:
        """Return the softmax loss of a batch of users, ()."""
        causes, targets = self._films()
        items, position, _ = heterograph.in_edges(self.clicks, batch)
        kept = self._kept(position, len(batch))
        users = self._users(causes, items[kept], position[kept], len(batch))
        chance = self._log_chance(users, targets, position, items, batch[position])
        count = torch.bincount(position, minlength=len(batch)).float()
        weight = count.clamp(min=1).rsqrt()[position]
        return -(chance * weight).sum() / count.sqrt().sum().clamp(min=1)

    def _kept(self, position: Tensor, count: int) -> Tensor:
        """Draw which clicks the users' vectors see, (clicks,): click number e is of user `position[e]`."""
        kept = torch.rand(len(position)) >= self.options.click_dropout
        if not self.options.few_share:
            return kept
        few = torch.rand(count) < self.options.few_share
        most = torch.randint(self.options.few_clicks + 1, (count,))
        shuffled = torch.argsort(position + torch.rand(len(position), dtype=torch.float64))
        by_user = position[shuffled]
        rank = torch.empty_like(position)
        rank[shuffled] = torch.arange(len(position)) - torch.searchsorted(by_user, by_user)
        return torch.where(few[position], rank < most[position], kept)

    def _log_chance(
        self, users: Tensor, targets: Tensor, position: Tensor, items: Tensor, numbers: Tensor
    ) -> Tensor:
        """Return log softmax of each click, (clicks,), by the user's row and number and the film's."""
        if self.negatives is None:
            scores = users @ targets.T / self.options.temperature
            return functional.log_softmax(scores, dim=1)[position, items]
        drawn = [self.negatives.draw(numbers) for _ in range(self.options.negatives)]
        ranked = rows(targets, torch.stack([items, *drawn], dim=1))
        scores = (rows(users, position).unsqueeze(1) * ranked).sum(2) / self.options.temperature
        return functional.log_softmax(scores, dim=1)[:, 0]

    def vectors(self) -> tuple[Tensor, Tensor]:
        """Return unit vectors, (users, dimension) and (items, dimension)."""
        causes, targets = self._films()
        # Films that came after the training have no row, and change nothing of the others.
        weight = self.options.linear_weight * self.linear_targets.any(1).sum() ** 0.5
        told = self._told()
        films = told(torch.cat([targets, weight * self.linear_targets], dim=1))
        if self.options.cold_offset:
            films = torch.cat([films, self.options.cold_offset * ~self._known().unsqueeze(1)], dim=1)
        return unit_vectors(self._layers(causes, told).users(self.clicks), films)

    def user_layers(self) -> UserLayers:
        """Return `v_u` and `v_u'` as layers over the clicked films."""
        return self._layers(self._films()[0], self._told())

    def _layers(self, causes: Tensor, told: Callable[[Tensor], Tensor]) -> UserLayers:
        causes, linear = told(causes), told(self.linear_causes)
        blocks = [
            UserBlock(causes, self.unknown_user[0], 0.5, "unit"),
            UserBlock(linear, self.options.linear_prior * (self.fame @ self.linear_causes), 0.0, "unit"),
        ]
        if self.options.cold_offset:
            blocks.append(UserBlock(torch.zeros(len(causes), 1), torch.ones(1), 0.0, "unit"))
        return UserLayers(tuple(blocks))

    def _known(self) -> Tensor:
        """Tell which films learned an embedding of their own from clicks, (items,)."""
        return self.film.detach().any(1)

    def _told(self) -> Callable[[Tensor], Tensor]:
        """Return what puts into rows, (items, width), those of films that learned nothing."""
        known = self._known()
        if known.all() or not known.any() or len(known) > LINEAR_ITEMS or not self.options.content_penalty:
            return lambda rows: rows
        penalty, seen = self.options.content_penalty, self.options.views()
        learned = [rows for view, rows in self.media.by_view().items() if view not in FLAT]
        held = self._content
        if learned or held is None or held.penalty != penalty or not torch.equal(held.known, known):
            self._content = held = ContentMap(self.problem, known, penalty, seen, learned)
        return held.fill

    def _films(self) -> tuple[Tensor, Tensor]:
        """Return the films as causes and as unit targets, (items, dimension) each."""
        own = self.film * self.clicked
        if self.training:
            own = own * (torch.rand(len(own), 1) >= self.options.film_dropout)
        causes, targets = self.facts(own + self.media()).chunk(2, dim=1)
        return causes * self.weight.exp(), functional.normalize(targets, dim=1)

    def _users(self, causes: Tensor, items: Tensor, users: Tensor, count: int) -> Tensor:
        """Sum the causes of each user's films to a unit vector: click number e is of user `users[e]`."""
        clicks = heterograph.bipartite(items, users, len(causes), count)
        total = torch.bincount(users, minlength=count).clamp(min=1).unsqueeze(1)
        return functional.normalize(
            heterograph.weighted_sum(clicks, causes) / total.sqrt() + self.unknown_user, dim=1
        )
