"""Kinds of fences: code that runs, expected output, text, data, fences of other tools; and why a fence does not run."""

from __future__ import annotations

from kbtools.fences.annotations import (
    Mark,
    Options,
    Settings,
)
from kbtools.fences.bad_value import cut
from kbtools.fences.languages.data import Data
from kbtools.fences.languages.protocol import Language
from kbtools.fences.languages.registry import BrokenLanguage, find
from kbtools.fences.option_values import KEYS
from kbtools.markdown.structure import Fence

_TEXT = frozenset({"text", "txt", "plain", "plaintext", "none", "markdown", "md", "diff", "mermaid", "math"})


def needs_other_python(options: Options) -> bool:
    """Whether the code is for another Python version than this one, which cannot check its syntax."""
    wanted = [text for text in options.requires if text.lower().startswith("python")]
    if not wanted:
        return False
    import platform

    from packaging.requirements import Requirement

    found = [Requirement(text) for text in wanted]
    here = platform.python_version()
    return any(one.name.lower() == "python" and not one.specifier.contains(here, prereleases=True) for one in found)


def is_executable(fence: Fence, settings: Settings) -> bool:
    """Whether the language of a fence is run, by default or with ``.run``."""
    if is_output(fence, settings):
        return False
    language = find(fence.header.language)
    if isinstance(language, BrokenLanguage):
        return True  # it ends with an error that explains this
    return language is not None and (language.runs == "always" or (language.runs == "asked" and settings.options.run))


def is_renderer_option(mark: Mark, fence: Fence) -> bool:
    """Whether an option belongs to the site's renderer, which has its own kinds of fences: ``{.chart
    path="a.csv"}``."""
    language = fence.header.language
    return bool(language) and mark.key[:1] not in ".#" and mark.key not in KEYS and not _is_known(language)


def _is_known(language: str) -> bool:
    low = language.lower()
    return low == "output" or low in _TEXT or find(low) is not None


def is_text(fence: Fence) -> bool:
    """Whether a fence contains nothing executable: text, or data."""
    low = fence.header.language.lower()
    return not low or low in _TEXT or isinstance(find(low), Data)


def is_output(fence: Fence, settings: Settings) -> bool:
    """Whether a fence contains expected output of the snippet before it."""
    return settings.output or fence.header.language.lower() == "output"


def not_run_reason(fence: Fence, settings: Settings, shows: bool) -> str:
    """Why a fence does not run. ``shows``: it contains the output of a snippet before it."""
    language = fence.header.language
    if is_output(fence, settings):
        return "expected output" if shows else "output, but no snippet stands before it"
    if not language:
        return f"another tool's: {fence.header.tool}" if fence.header.tool else "no language"
    known = find(language)
    if isinstance(known, Language):
        return known.why_not or f"{known.title or language} is checked, not run"
    if fence.header.tool.startswith("MyST") and find(language) is None:
        return f"another tool's: {fence.header.tool}"
    if is_text(fence):
        return f"{language.lower()} is not code"
    return f'language "{cut(language)}" has no runner'
