"""Where words of a page break in a wiki that ``kb init`` has set up, in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from in_browser import served, tab

from kbtools.adopt.proposal import propose
from kbtools.adopt.survey import survey
from kbtools.config.project import find_project
from kbtools.site.build import build

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

KOREAN = """# 처음

파이토치의 `DistributedDataParallel`은 여러 프로세스에서 같은 모델을 학습하는 `배송지를 바꾸는` 모듈입니다. 자세한
설명은 [가나다라마바사아자차카타파하](https://example.org)에 있으며 이어지는 문장은 좁은 화면에서 여러 줄이 됩니다.

| `DataParallel` | `DistributedDataParallel` | 그 밖의 방식과 설명 |
|---|---|---|
| 한 프로세스 | [FullyShardedDataParallel](https://example.org) | `torch.distributed.fsdp.fully_shard`를 부릅니다 |

| 이름 | 식 | 설명 |
|---|---|---|
| 2018-04-24 | `w - r * (m / (v + e) + d * w)` | [DistributedDataParallelWithFullyShardedParameters](/) |
"""
ENGLISH = """# Start

A paragraph with `torch.nn.parallel.DistributedDataParallel` and an address,
https://example.org/a/very/long/address/without/any/space/at/all/that/does/not/fit/into/a/line.

| Name | Module | Use |
|---|---|---|
| `requires_grad_` | [DistributedDataParallel](https://example.org) | several processes with one model each |
| `find_unused_parameters` | `torch.nn.parallel` | `broadcast_buffers` and others |

| Name | Formula | Meaning |
|---|---|---|
| 2018-04-24 | `w - r * (m / (v + e) + d * w)` | [DistributedDataParallelWithFullyShardedParameters](/) |
"""
BROKEN = r"""() => {
  const article = document.querySelector("article"), found = []
  const texts = document.createTreeWalker(article, NodeFilter.SHOW_TEXT), range = document.createRange()
  for (let node; (node = texts.nextNode()); ) {
    if (node.parentElement.closest("script, style, .headerlink, .kb-sr")) continue
    if (!node.parentElement.closest("td, th") && !/[\u3131-\ud7a3]/.test(node.data)) continue
    for (const word of node.data.matchAll(/[\w\u3131-\ud7a3]+/g)) {
      range.setStart(node, word.index)
      range.setEnd(node, word.index + word[0].length)
      const rows = new Set([...range.getClientRects()].filter((r) => r.width > 0.5).map((r) => Math.round(r.top)))
      if (rows.size > 1) found.push(word[0])
    }
  }
  return [found, document.documentElement.scrollWidth - document.documentElement.clientWidth]
}"""


@pytest.fixture(scope="module", params=["ko", "en"])
def fresh(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp(request.param)
    (root / "docs").mkdir()
    (root / "docs/index.md").write_text(KOREAN if request.param == "ko" else ENGLISH, encoding="utf-8")
    for file in propose(survey(root)):
        (root / file.path).write_bytes(file.after)
    config = (root / "mkdocs.yml").read_text(encoding="utf-8")
    assert f"language: {request.param}" in config
    (root / "mkdocs.yml").write_text(config.replace("  name: material\n", "  name: material\n  font: false\n"), "utf-8")
    build(find_project(root))
    with served(Path(root, "site")) as address:
        yield address


@pytest.mark.parametrize("size", ["screen", "phone"])
def test_words_and_names_in_tables_stay_whole(browser: Any, fresh: str, size: str) -> None:
    with tab(browser, fresh, "", size) as page:
        assert page.evaluate(BROKEN) == [[], 0]


def test_a_formula_in_a_narrow_table_is_not_a_column_of_words(browser: Any, fresh: str) -> None:
    with tab(browser, fresh, "", "phone") as page:
        formula = page.locator("td code").filter(has_text="w - r")
        assert formula.evaluate("(e) => e.getClientRects().length") <= 3


def test_a_date_that_names_a_row_is_whole(browser: Any, fresh: str) -> None:
    with tab(browser, fresh, "", "phone") as page:
        date = page.get_by_role("cell", name="2018-04-24")
        lines = """(cell) => {
          const range = document.createRange()
          range.selectNodeContents(cell)
          return range.getClientRects().length
        }"""
        assert date.evaluate(lines) == 1
