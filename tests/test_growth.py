"""A check of many bad things costs what there is of them: no rule and no suggestion compares all with all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from itertools import islice, product
from string import ascii_lowercase

import pytest
from growth import assert_linear_steps

from kbtools.check.checker import check
from kbtools.config.mkdocs_file import MkDocs
from kbtools.config.obsidian import Obsidian
from kbtools.config.project import Config
from kbtools.edit.fix import fix
from kbtools.edit.reconcile import plan_reconcile
from kbtools.text.diagnostics import Diagnostic
from kbtools.vault.index import Index
from kbtools.vault.links.spelling import Speller
from kbtools.vault.loading import Vault
from kbtools.vault.names import Conventions
from kbtools.vault.page import decode

Text = str | tuple[str, str, str] | None

KINDS: dict[str, dict[str, Text]] = {
    "missing pictures": {"f/pic {i}.png": None, "a.md": "![[gone {i}.png]] ![x](img/gone{i}.png) ![[Pic%20{i}.png]]"},
    "pictures of one name": {
        "d{i}/image.png": None,
        "a.md": "![[d{i}/image.png]] ![x](d{i}/image.png) ![x](image.png)",
    },
    "ambiguous pictures": {"d{i}/image.png": None, "a.md": "![[image.png]] ![x](y/image.png)"},
    "broken links": {"Some page {i}.md": "x", "a.md": "[[Smoe page {i}]] [[Some pge {i}x]] [x](gone{i}.md) [[z{i}]]"},
    "pages of one name": {
        "d{i}/index.md": "[[index]] [[Index|x]]",
        "a.md": "[[d{i}/index]] [x](d{i}/index.md) [[d{i}]]",
    },
    "pages of one name in one folder each": {"r{i}/docs/index.md": "[[docs/index]]", "a.md": "[[docs/index]] [[docs]]"},
    "variants of one name": {"d{i}/some_page.md": "[[Some Page]]", "a.md": "[[D{i}/Some-Page]] [x](D{i}/Some_Page.md)"},
    "ambiguous names": {"d{i}/dup.md": "x", "a.md": "[[dup]] [x](DUP.md)"},
    "ambiguous names, misspelled": {"d{i}/duplicate.md": "x", "a.md": "[[dupliacte]] [[x{i}/duplicate]]"},
    "equal titles": {"p{i}.md": "---\ntitle: T\n---\n", "d{i}/T.md": "", "e{i}/T.md": "---\ntitle: T\n---\n"},
    "equal ids": {"p{i}.md": "---\nid: T\n---\n"},
    "equal aliases": {"p{i}.md": "---\naliases: [Tt]\n---\n", "a.md": "[[Tt]]"},
    "many aliases": {
        "p.md": ("---\naliases:\n", "  - A good alias {i}\n", "---\n"),
        "a.md": "[[A good alias {i}]] [[A godo alias {i}]]",
    },
    "aliases that are names": {
        "p.md": ("---\naliases:\n", "  - Q {i}\n", "---\n"),
        "Q {i}.md": "---\naliases: [Name]\n---\n",
        "d{i}/Name.md": "---\nduplicate_of: p\n---\n",
    },
    "broken anchors": {"b.md": "# Heading number {i}\n", "a.md": "[[b#Headng number {i}]] [[b#{i} of]] [x](b.md#n{i})"},
    "anchors below others": {
        "b.md": ("# Top\n\n", "## Number {i}\n\n### Notes\n\n", ""),
        "a.md": "[[b#Top#Number {i}]] [[b#Top#No {i}]] [[b#Number {i}#Notes]] [[b#Notes]]",
    },
    "broken blocks": {"b.md": "text ^b{i}\n", "a.md": "[[b#^b{i}]] [[b#^c{i}]]"},
    "a long way of redirects": {"p{i}.md": "---\nduplicate_of: p{next}\n---\n[[p{i}]]"},
    "redirects to one page": {
        "p{i}.md": "---\nduplicate_of: a\n---\n",
        "d{i}/T.md": "---\nredirect_to: a\n---\n",
        "a.md": "[[p{i}]] [[T]]",
    },
    "ignored": {"a.md": "\n<!-- kb: ignore[broken-link] -->\n[[x{i}]]\n\n<!-- kb: ignore[stale-page] -->\nx"},
    "bars in tables": {"a.md": ("| a | b |\n|---|---|\n", "| [[x{i}|y]] | [[b\\|c]] |\n", "")},
    "brackets that are no link": {
        "h.md": "# `x{i}`\n",
        "a.md": "[[h#`x{i}`]] [[h]](x{i}) [s]([[h]]) <h.md> [[h#[b] {i}]]\n\n<b>[[h]]</b>\n\n<p>[[h]]</p>\n",
    },
    "links in HTML": {"a.md": ("<div>\n", "[[a]] {i}\n", "</div>\n")},
    "definitions": {"a.md": "[x][r{i}]\n\n[r{i}]: gone{i}.md"},
    "links in frontmatter": {"a.md": ("---\nrelated:\n", "  - [[x{i}]]\n  - '[[y{i}]]'\n", "---\n")},
    "split words": {"Opera.md": "", "a.md": "[[Opera|Opera]]tions"},
    "folders": {"d{i}/p{i}.md": "", "a.md": "[[d{i}]] [[e{i}/p{i}]] [[d{i}\\p{i}]] [[p{i}%20]] [x](d{i}/) [x](d{i})"},
    "headings that are called so": {
        "p{i}.md": "# Called {i}\n## A part {i}\n",
        "a.md": "[[Called {i}]] [[A part {i}]]",
    },
    "headings of the page itself": {"a.md": "## Own part {i}\n\n[[Own part {i}]]\n"},
    "names with number signs": {"C# {i}.md": "", "a.md": "[[C# {i}]] [[C# {i}x]] [[C# {i}#x]]"},
    "orphans": {"p{i}.md": "x"},
    "broken frontmatter": {"p{i}.md": "---\ntags: [a, #b]\ntitle: x #y\n a: b: c\n---\n"},
    "values cut short": {"a.md": ("---\naliases:\n", "  - C{i} #\n", "---\n")},
    "excerpts": {"p{i}.md": "---\nexcerpt: something\n---\nx [[y]]"},
    "Korean particles": {"텐서{i}.md": "", "a.md": "[[텐서{i}를]] [[텐소{i}]]"},
    "names that differ in a word": {"Deep {word}learning.md": "", "a.md": "[[Deep q{word}learning]]"},
    "addresses in HTML": {"a.md": '<a href="gone{i}.md">x</a> <img src="gone{i}.png">'},
    "addresses of the site": {"d{i}/index.md": "[x](../d{next}/) [y](../gone{i}/)"},
}

SIZES = {"Korean particles": 30, "broken anchors": 64, "many aliases": 64}
"""Where few are compared one by one, and a table is made of more; and where a comparison is one step among many."""


def vault(files: Mapping[str, Text], size: int) -> tuple[dict[str, str], frozenset[str]]:
    """The texts of the pages, and the other files: of each path with a place to fill in there are ``size``, and what a
    path without one holds is there ``size`` times."""
    words = ["".join(letters) for letters in islice(product(ascii_lowercase, repeat=3), size)]
    fills = [{"i": f"{i:03}", "next": f"{i + 1:03}", "word": words[i]} for i in range(size)]
    texts: dict[str, str] = {}
    others = []
    for path, text in files.items():
        for fill in fills if "{" in path else fills[:1]:
            if text is None:
                others.append(path.format(**fill))
            elif "{" in path:
                assert isinstance(text, str)
                texts[path.format(**fill)] = text.format(**fill)
            else:
                head, line, tail = text if isinstance(text, tuple) else ("", f"{text}\n", "")
                texts[path] = head + "".join(line.format(**f) for f in fills) + tail
    return texts, frozenset(others)


def index_of(files: Mapping[str, Text], size: int, config: Config) -> Index:
    texts, others = vault(files, size)
    pages = {path: decode(path, text.encode()) for path, text in texts.items()}
    return Index(pages, others, Conventions.of(config))


def checked(index: Index, config: Config) -> int:
    report = check(Vault(index.pages, index.attachments, {}), index, config, today=date(2026, 1, 1))
    return sum(len(d.message) + len(d.help or "") for d in report.diagnostics)


CONFIGS = {"Obsidian": Config(obsidian=Obsidian()), "MkDocs": Config(mkdocs=MkDocs())}


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
@pytest.mark.parametrize("name", KINDS)
def test_a_check_costs_what_there_is(name: str, config: Config) -> None:
    def work(size: int) -> Callable[[], object]:
        index = index_of(KINDS[name], size, config)
        return lambda: checked(index, config)

    assert_linear_steps(work, SIZES.get(name, 16))


@pytest.mark.parametrize("name", KINDS)
def test_what_is_said_grows_with_what_there_is(name: str) -> None:
    config = CONFIGS["Obsidian"]
    small, large = (checked(index_of(KINDS[name], size, config), config) for size in (20, 80))
    assert large < 5 * small + 200


REWRITTEN: dict[str, dict[str, Text]] = {
    "variants": {"Some Page.md": "# x", "a.md": "[[some_page]] x{i}"},
    "variants of many pages": {"Some Page {i}.md": "[[some_page {next}]]"},
    "links in headings": {"Some Page.md": "x", "a.md": "# [[some_page]] {i}\n\n[[#some_page {i}]]"},
    "slips": {"Some Page {i}.md": "x", "a.md": "[[Smoe Page {i}]]"},
    "bars in tables": {"b.md": "", "a.md": ("| a | b |\n|---|---|\n", "| [[b|y{i}]] | [[b|c]] |\n", "")},
    "refused": {"Some Page.md": "x", "a.md": "`` [[some_page]] ` {i}\n\n[[Some_Page|`]] {i}"},
}


@pytest.mark.parametrize("name", REWRITTEN)
def test_a_rewrite_costs_what_there_is(name: str) -> None:
    config = CONFIGS["Obsidian"]

    def findings(index: Index) -> tuple[Diagnostic, ...]:
        return check(Vault(index.pages, index.attachments, {}), index, config, today=date(2026, 1, 1)).diagnostics

    def work(size: int) -> Callable[[], object]:
        index = index_of(REWRITTEN[name], size, config)
        return lambda: (fix(index, findings, unsafe=True), plan_reconcile(index, Speller(index, "title")))

    assert_linear_steps(work, 16)
