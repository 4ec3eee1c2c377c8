"""Make wikis whose snippets are run: pages of five torch snippets, of nothing, of a second of work, of torch.compile.

usage: python bench/make_pages.py FOLDER torch|plain|trivial|second|matmul|compile|light [PAGES]

The same arguments give the same bytes. Every snippet stands alone and says what it expects with ``assert``, so that
runners without a namespace for the page, or without compared output, run the same code and prove the same.
FOLDER/kb.toml makes it a wiki of kb's; the pages lie in FOLDER/docs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

CONFIG = 'docs = "docs"\n'

TENSORS = """\
import torch

x = torch.arange(1.0, {size} + 1, requires_grad=True)
(x**2).sum().backward()
assert torch.equal(x.grad, 2 * x.detach())
print(x.grad[:3])
"""
MODULE = """\
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(8, width), nn.ReLU(), nn.Linear(width, 2))

    def forward(self, x):
        return self.layers(x)


net = Net({size})
assert net(torch.randn(4, 8)).shape == (4, 2)
print(sum(p.numel() for p in net.parameters()))
"""
TRAINING = """\
import torch
from torch import nn

model = nn.Linear(4, 1)
optimizer = torch.optim.AdamW(model.parameters(), lr=0.05)
x = torch.randn({size}, 4)
y = x.sum(dim=1, keepdim=True)
losses = []
for _ in range(10):
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(model(x), y)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
assert losses[-1] < losses[0]
print(f"{{losses[0]:.3f}} {{losses[-1]:.3f}}")
"""
LOADER = """\
import torch
from torch.utils.data import DataLoader, TensorDataset

data = TensorDataset(torch.arange({size}), torch.arange({size}) % 3)
batches = [labels for _, labels in DataLoader(data, batch_size=8, shuffle=True)]
assert sum(len(labels) for labels in batches) == {size}
print(len(batches))
"""
ATTENTION = """\
import torch

query, key, value = torch.randn(3, 2, {size}, 8).unbind(0)
weights = torch.softmax(query @ key.transpose(-2, -1) / 8**0.5, dim=-1)
built_in = torch.nn.functional.scaled_dot_product_attention(query, key, value)
assert torch.allclose(weights @ value, built_in, atol=1e-5)
print(tuple(built_in.shape))
"""
PLAIN = """\
import json

table = {{n: n**2 for n in range({size})}}
assert json.loads(json.dumps(list(table)))[-1] == {size} - 1
"""
TRIVIAL = "x = {size}\n"
LIGHT = """\
import torch

x = torch.ones({size})
"""
SECOND = """\
import time

began, n = time.process_time(), {size}
while time.process_time() - began < 1:
    n = (n * 1103515245 + 12345) % 2**31
"""
MATMUL = """\
import torch

x = torch.randn(1024, 1024)
for _ in range(20):
    x = torch.nn.functional.normalize(x @ x)
assert x.isfinite().all(), {size}
"""
COMPILE = """\
import torch
from torch import nn


@torch.compile
def fused(x, y):
    return torch.softmax(x * {size} + y.tanh(), dim=-1).sum() + nn.functional.gelu(x).mean()


x, y = torch.randn(16, {size}), torch.randn(16, {size})
assert fused(x, y).isfinite()
"""
KINDS: dict[str, Sequence[str]] = {
    "torch": (TENSORS, MODULE, TRAINING, LOADER, ATTENTION),
    "plain": (PLAIN,) * 5,
    "trivial": (TRIVIAL,),
    "light": (LIGHT,),
    "second": (SECOND,),
    "matmul": (MATMUL,),
    "compile": (COMPILE,),
}


def codes(kind: str, number: int) -> list[str]:
    """The snippets of one page."""
    return [code.format(size=number % 97 + 16 + n) for n, code in enumerate(KINDS[kind])]


def page(kind: str, number: int) -> str:
    """The text of one page."""
    parts = [f"# Page {number}\n\nWhat [[Page {number // 2}]] says, run.\n"]
    for n, code in enumerate(codes(kind, number), 1):
        parts.append(f"## Step {n}\n\nThe next step of page {number} is this:\n\n```python\n{code}```\n")
    return "\n".join(parts)


def make(folder: Path, kind: str, count: int, page: Callable[[str, int], str] = page) -> Path:
    """Write a wiki into a folder that is not there yet; returns the folder."""
    docs = folder / "docs"
    docs.mkdir(parents=True)
    (folder / "kb.toml").write_text(CONFIG, encoding="utf-8")
    for n in range(count):
        (docs / f"page{n:04d}.md").write_text(page(kind, n), encoding="utf-8")
    return folder


def main(folder: str, kind: str, count: str = "30") -> None:
    if kind not in KINDS:
        sys.exit(f"no pages are called {kind}: {', '.join(KINDS)}")
    make(Path(folder), kind, int(count))


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(*sys.argv[1:])
