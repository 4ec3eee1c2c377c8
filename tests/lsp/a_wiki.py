"""A small wiki for a language server to serve."""

from __future__ import annotations

from pathlib import Path

PAGES = {
    "docs/topics/Tensor.md": (
        "---\ntitle: Tensor\nstatus: verified\naliases: [텐서, ndarray]\n---\n\n# Tensor\n\n"
        "A tensor 😀 is an *array*.\n\n## Shape\n\nText. ^block\n\n## 모양\n"
    ),
    "docs/topics/Autograd.md": (
        "---\ntitle: Autograd\n---\n\n# Autograd\n\n😀 한글 [[tensor]], [[Tensor#Shape]] and [[Nowhere]].\n\n"
        "[file](Tensor.md)\n\n```python {#one}\nx = 2\nprint(x + 1)\n```\n"
    ),
    "kb.toml": 'docs = "docs"\n[schema]\n"topics/**" = "schema.json"\n',
    "schema.json": (
        '{"type": "object", "properties": {"title": {"type": "string"}, "status": {"enum": ["verified", "draft"]},'
        ' "aliases": {}, "tags": {"description": "words"}}}'
    ),
}


def make(root: Path, pages: dict[str, str] = PAGES) -> Path:
    for name, text in pages.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return root
