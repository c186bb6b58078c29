"""What the parts of a crawl share: scrapy makes each of them, and passes its settings on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

    from ingest.crawl.options import Options
    from ingest.crawl.state import State

SETTING = "MMKG_CRAWL"


@dataclass
class Context:
    """A crawl that is going on."""

    options: Options
    state: State
    progress: Callable[[int], object]
    """Is told how many pages were asked for."""
    refused: dict[str, str] = field(default_factory=dict)
    """Hosts whose addresses were refused when they were looked up last, and why."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Context:
        """Stay one: scrapy copies its settings, and what is shared must not be copied."""
        return self

    @staticmethod
    def of(settings: BaseSettings) -> Context:
        """Return the context that travels in the settings."""
        context = settings[SETTING]
        assert isinstance(context, Context)
        return context
