"""How links are resolved, spelled and corrected, in one state of a vault's names."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from kbtools.config.project import Config
from kbtools.vault.links.resolve import Resolver
from kbtools.vault.links.spelling import Speller

# Only broken links need it.
if TYPE_CHECKING:
    from kbtools.vault.links.suggest import Suggester


class Linking:
    """Depends on nothing but the outlines of all pages, the attachments and the configuration: valid while they are
    unchanged. Its tables are made when needed."""

    def __init__(self, resolver: Resolver, config: Config) -> None:
        self.resolver = resolver
        self._config = config

    @cached_property
    def speller(self) -> Speller:
        return Speller(self.resolver, self._config.link_style, self._config.keep_words)

    @cached_property
    def suggester(self) -> Suggester:
        from kbtools.vault.links.suggest import Suggester

        return Suggester(self.resolver, self.speller)
