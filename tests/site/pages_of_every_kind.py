"""A wiki with everything a page may hold, and the addresses of one page of every kind."""

from __future__ import annotations

from pathlib import Path

from small_site import make, store, topic

from kbtools.run.results.outcomes import Status
from kbtools.site.build import build

ROOT = Path(__file__).parents[2]

PAGES = (
    "",
    "topics/Autograd/",
    "topics/Tensor/",
    "topics/Exercises/",
    "paths/first/",
    "paths/",
    "all/",
    "tags/",
    "categories/",
    "recent/",
    "graph/",
    "wanted/",
    "health/",
    "runs/",
)

CODE = """
```mermaid
flowchart LR
    A --> B
```

```python {#setup .hidden}
import math
```

```python {#printed}
print("a line of output that is much wider than any phone's screen, on purpose, to see that it does not push the page")
for i in range(40): print(i)
```

```python {#raising raises="ValueError"}
math.sqrt(-1)  # a comment that makes this line of code far wider than the screen of a telephone is, as code often is
```

```python {#gpu device="cuda"}
x = 1
```

| 아주 긴 표 | 둘째 열 | 셋째 열 | 넷째 열 | 다섯째 열 |
|---|---|---|---|---|
| `torch.nn.functional.scaled_dot_product_attention` | [[없는 문서]] | [[Tensor]] | ![[Tensor]] | 값 |

`a_very_long_identifier_without_any_place_to_break_it_which_a_phone_has_to_break_somewhere_all_the_same`

!!! note "알림"
    [[Tensor|텐서]]에서 requires_grad를 켭니다. torch.utils.data도 있습니다.
"""
FIELDS = {
    "confidence_score": "0.9",
    "source_trust_level": "A",
    "verification_status": "applied",
    "last_reinforced": "2026-05-01",
    "tags": "[자동 미분, a-tag-with-a-rather-long-name, pytorch]",
    "aliases": "[자동 미분, 오토그래드]",
    "raw_sources": "[https://example.org/a/very/long/address/that/cannot/be/broken/except/by/force/index.html]",
}


PATH = """
첫 문단입니다.

1. [[Autograd|자동 미분]] 여기서 `backward()`를 봅니다.
2. [[없는 문서]]
3. **[[Tensor]]** 다른 문서로 갑니다.

## 더 읽기

4. [[Exercises]] 문제를 풉니다.
"""
EXERCISES = """
## 연습

더해 보세요.

??? success "풀이"

    ```python {#answer}
    print(1 + 1)  # 2
    ```

??? question "힌트"

    없습니다.
"""


def build_site(root: Path) -> Path:
    """The wiki's built site, with this project's own mkdocs.yml."""
    config = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    pages = {
        "guide/index.md": "# 안내\n",
        "assets/extra.css": (ROOT / "docs/assets/extra.css").read_text(encoding="utf-8"),
        "assets/kb-favicon.svg": (ROOT / "docs/assets/kb-favicon.svg").read_text(encoding="utf-8"),
        "topics/Autograd.md": topic("Autograd", CODE, **FIELDS),
        "topics/Tensor.md": topic(
            "Tensor", "[[Autograd]]가 기록합니다.", status="duplicate", duplicate_of='"[[Autograd]]"'
        ),
        "topics/Exercises.md": topic("Exercises", EXERCISES),
        "topics/Other.md": topic("Other", "다른 길에만 있습니다."),
        "paths/first.md": f"---\ntitle: 첫 길\nlearning_path: true\n---\n\n# 첫 길\n{PATH}",
        "paths/second.md": "---\nlearning_path: true\ntitle: 둘째 길\n---\n\n"
        "1. [[Other]]\n2. [[Exercises]]\n3. [[Autograd]]\n",
    }
    project = make(root, pages, config)
    store(
        project,
        printed={"stdout": "wide " * 60 + "\n" + "\n".join(map(str, range(40)))},
        raising={"outcome": Status.PASSED, "message": "ValueError: math domain error"},
    )
    return build(project, strict=True)
