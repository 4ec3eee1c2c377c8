"""Damage links that are known to be right, and count what becomes of them.

``python tests/mutation/harness.py FOLDER`` does the same with the wikilinks of any vault.
"""

from __future__ import annotations

import random
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from damage import FOLDABLE, OTHER, Damage
from slow_fold import fold
from styles import Note

from kbtools.config.project import Config, LinkStyle, foreign_vault
from kbtools.edit.reconcile import plan_reconcile
from kbtools.links import can_be_target, shown
from kbtools.vault.index import Index
from kbtools.vault.links.linking import Linking
from kbtools.vault.links.resolution import Ambiguous, Missing, Resolved
from kbtools.vault.loading import load
from kbtools.vault.page import Page, decode

KINDS: dict[str, Damage] = {**FOLDABLE, **OTHER}
SHAPES = ("[[{}]]은", "[[{}|라벨]]", "[[{}#절]]", "![[{}]]", "[[{}#^b1|[x]]]를", "| a | [[{}\\|y]] |")


@dataclass(frozen=True, slots=True)
class Good:
    """A link that means one page."""

    path: str
    """The page it stands on."""
    target: str
    shape: str
    page: str
    """The page it means."""


class Names:
    """Which pages a name could mean to somebody who looks past its spelling."""

    def __init__(self, pages: Mapping[str, Page]) -> None:
        self.pages = pages
        self.held: dict[str, set[str]] = defaultdict(set)
        for path, page in pages.items():
            for name in (page.stem, page.title):
                self.held[fold(name)].add(path)

    def answering(self, target: str) -> set[str]:
        """Pages of that name; of a qualified one, those whose folders end so."""
        found = set(self.held.get(fold(target), ()))
        *folders, last = target.strip("/").split("/")
        for path in self.held.get(fold(last), ()) if folders else ():
            above = [fold(s) for s in path.split("/")[:-1]]
            if above[-len(folders) :] == [fold(s) for s in folders]:
                found.add(path)
        return found

    def is_alone(self, target: str, good: Good) -> bool:
        """Whether the name is one page's: no other has it, or those spelled just so are not in the link's folder."""
        found = self.answering(target)
        beside = {p for p in found if p.rpartition("/")[0] == good.path.rpartition("/")[0]}
        spelled = {(unicodedata.normalize("NFC", self.pages[p].stem), self.pages[p].title) for p in found}
        return found == {good.page} or (beside == {good.page} and len(spelled) == 1)


@dataclass(slots=True)
class Score:
    """What became of the links damaged in one way."""

    damaged: int = 0
    alone: int = 0
    """Of these, how many have a name no other page has: for a foldable kind all of them are to be resolved."""
    resolved: int = 0
    """Of those alone, how many still mean their page."""
    respelled: int = 0
    """How many the plan of ``kb reconcile`` rewrites."""
    wrong: list[str] = field(default_factory=list)
    """Rewrites that lead elsewhere than the link did, or that touch more than its target."""
    missed: list[str] = field(default_factory=list)
    named: int = 0
    """How many of those no longer resolved, their page is suggested or among the spellings to choose from."""
    misnamed: int = 0
    """And how many times another page is suggested."""
    unresolved: int = 0

    def add(self, other: Score) -> None:
        for key in ("damaged", "alone", "resolved", "respelled", "named", "misnamed", "unresolved"):
            setattr(self, key, getattr(self, key) + getattr(other, key))
        self.wrong += other.wrong
        self.missed += other.missed


def parsed(texts: Mapping[str, str]) -> dict[str, Page]:
    return {path: decode(path, text.encode()) for path, text in texts.items()}


def good_links(notes: Iterable[Note], seed: int = 0, each: int = 4) -> tuple[dict[str, str], list[Good]]:
    """Pages' heads, and links on them that resolve to the page they were written for, spelled in all good manners."""
    rng = random.Random(seed)
    notes = list(notes)
    heads = {n.path: n.head() for n in notes}
    index = Index(parsed(heads))
    links = []
    for note in notes:
        for meant in rng.sample(notes, min(each, len(notes))):
            name = unicodedata.normalize("NFC", meant.path).removesuffix(".md")
            target = rng.choice((*meant.names, *meant.names, name, "/".join(name.split("/")[-2:])))
            target = unicodedata.normalize("NFC", target)
            if not can_be_target(target) and "#" not in target:
                continue
            page = decode(note.path, f"[[{target}]]".encode())
            link = index.read(page.links[0], page.source.text, page.path)
            hit = index.resolve(link, page.path)
            if isinstance(hit, Resolved) and hit.page == meant.path and hit.how in ("exact", "path"):
                links.append(Good(note.path, target, rng.choice(SHAPES), meant.path))
    return heads, links


def measure(
    heads: Mapping[str, str],
    links: Iterable[Good],
    kind: str,
    seed: int = 0,
    style: LinkStyle = "title",
    titles: bool = False,
) -> Score:
    """Write every link with that damage into its page, reconcile, and see where each leads."""
    rng = random.Random(f"{kind} {seed}")
    score = Score()
    names = Names(parsed(heads))
    put: dict[str, list[tuple[Good, str]]] = defaultdict(list)
    for good in links:
        target = KINDS[kind](rng, good.target)
        if target == good.target or (kind in OTHER and kind != "dropped folder" and names.answering(target)):
            continue  # nothing to damage; or the damage made it the name of some page, which is then what it means
        put[good.path].append((good, target))
    texts = {p: head + "\n\n".join(g.shape.format(t) for g, t in put[p]) + "\n" for p, head in heads.items()}
    index = Index(parsed(texts))
    linking = Linking(index, Config(link_style=style))
    plan = plan_reconcile(index, linking.speller, titles=titles)
    after = Index(parsed({**texts, **plan.texts}))
    changed = {(c.path, c.link.span.start) for c in plan.changes}
    suggester = linking.suggester
    for path, pairs in put.items():
        page = index.pages[path]
        now, then = index.links[path].wiki, after.links[path].wiki
        assert len(now) == len(then) == len(pairs), f"a damage of {path} is not a link any more"
        for (good, target), (link, hit), (_, hit_then) in zip(pairs, now, then, strict=True):
            score.damaged += 1
            shown = f"{path}: [[{good.target}]] as [[{target}]] for {good.page}"
            alone = names.is_alone(target if kind == "dropped folder" else good.target, good)
            score.alone += alone
            right = isinstance(hit, Resolved) and hit.page == good.page
            if right:
                score.resolved += alone
            else:
                score.unresolved += 1
                if alone:
                    score.missed.append(f"{shown}: {hit}")
                if isinstance(hit, Ambiguous):
                    score.named += good.page in hit.candidates
                elif isinstance(hit, Missing) and (guess := suggester.suggest(link, page)) is not None and guess.page:
                    score.named += guess.page == good.page
                    score.misnamed += guess.page != good.page
            if (path, link.span.start) in changed:
                score.respelled += 1
                # A damage that is another page's very name is that name; --titles respells it as that page's title.
                exact = isinstance(hit, Resolved) and hit.how == "exact" and not right
                meant = hit.page if exact and isinstance(hit, Resolved) else good.page
                if not isinstance(hit_then, Resolved) or hit_then.page != meant:
                    score.wrong.append(f"{shown}: {hit} became {hit_then}")
        score.wrong += [f"{path}: more than links changed" for _ in range(not _only_links(index, after, path, style))]
    return score


def _only_links(before: Index, after: Index, path: str, style: LinkStyle) -> bool:
    """Whether nothing but the targets of links is otherwise: as titles; as file names, the words are as they were."""

    def rest(index: Index) -> list[str]:
        text, at, parts = index.pages[path].source.text, 0, []
        for link, _ in index.links[path].wiki:
            if style == "title":
                parts.append(text[at : link.target_span.start])
                at = link.target_span.end
            else:
                words = (link.label or "").strip() or ("" if link.embed else shown(link, text))
                parts += (text[at : link.start], words, link.anchor or "", link.block or "")
                at = link.end
        return [part.strip() for part in (*parts, text[at:])]

    return rest(before) == rest(after)


def table(scores: Mapping[str, Score]) -> str:
    rows = ["kind             damaged  rewritten  precision  names alone  recall  else: named  misnamed"]
    for kind, s in scores.items():
        precision = 1 - len(s.wrong) / s.respelled if s.respelled else 1.0
        recall = f"{s.resolved / s.alone:.3f}" if s.alone else "-"
        named = f"{s.named / s.unresolved:.3f}" if s.unresolved else "-"
        wrong = f"{s.misnamed / s.unresolved:.3f}" if s.unresolved else "-"
        rows.append(
            f"{kind:<16} {s.damaged:>7,}  {s.respelled:>9,}  {precision:>9.3f}  {s.alone:>11,}  {recall:>6}"
            f"  {named:>11}  {wrong:>8}"
        )
    return "\n".join(rows)


def of_folder(folder: Path) -> dict[str, Score]:
    """The harness over a vault's own links: its pages keep their names, its resolving links are damaged."""
    index = Index.build(load(foreign_vault(folder, "none")))
    heads, links = {}, []
    for path, page in index.pages.items():
        end = page.structure.frontmatter.end if page.structure.frontmatter else 0
        heads[path] = page.source.text[:end]
        for link, hit in index.links[path].wiki:
            if isinstance(hit, Resolved) and hit.how in ("exact", "path") and can_be_target(link.target):
                links.append(Good(path, link.target, SHAPES[0], hit.page))
    print(f"{len(heads):,} pages; links: {Counter(good.shape for good in links).total():,} that mean one page")
    return {kind: measure(heads, links, kind) for kind in KINDS}


if __name__ == "__main__":
    found = of_folder(Path(sys.argv[1]))
    print(table(found))
    for kind, score in found.items():
        for line in (score.wrong + (score.missed if kind in FOLDABLE else []))[:20]:
            print(f"  {kind}: {line}")
