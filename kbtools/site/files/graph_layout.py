"""Layout of the graph: deterministic, in linear time.

Two steps. PivotMDS (Brandes and Pich, 2006) gives the large shape: distances along links from a few far-apart nodes,
and the two directions in which these vary most. Then springs along links and a short-ranged repulsion (Fruchterman and
Reingold, 1991, their grid variant) give the small one, with fewer rounds the larger the graph.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence

Edge = tuple[int, int]

PIVOTS = 12
_ROUNDS = (12, 100)
"""Minimum and maximum number of rounds. More than a hundred do not shorten links (300 nodes, 1,500 links: 0.273 of
the square on average, 0.275 after 179)."""
_WORK = 700_000
"""Approximate number of forces computed in total."""
_CROWD = 24
"""Number of nodes of a grid cell that repel individually; if there are more, only this many do, with higher weight."""
_GOLDEN = math.pi * (3 - math.sqrt(5))


def layout(
    nodes: int,
    edges: Sequence[Edge],
    rounds: int | None = None,
    step: Callable[[int, int], None] = lambda done, total: None,
) -> list[tuple[float, float]]:
    """A position in the unit square for each of ``nodes``; links are pairs of node numbers. ``rounds`` of springs:
    by default as many as the graph's size allows. ``step`` is called before each round; an exception that it raises
    ends the computation."""
    if nodes == 0:
        return []
    near: list[list[int]] = [[] for _ in range(nodes)]
    for a, b in edges:
        near[a].append(b)
        near[b].append(a)
    xs, ys = _pivot_mds(near)
    if rounds is None:
        rounds = max(_ROUNDS[0], min(_ROUNDS[1], _WORK // (nodes * 8 + len(edges))))
    _relax(xs, ys, edges, near, rounds, step)
    return _fitted(xs, ys)


def _distances(start: int, near: Sequence[Sequence[int]]) -> list[int]:
    far = -1
    out = [far] * len(near)
    out[start] = 0
    waiting = deque((start,))
    while waiting:
        at = waiting.popleft()
        for other in near[at]:
            if out[other] == far:
                out[other] = out[at] + 1
                waiting.append(other)
    beyond = max(out) + 2
    return [beyond if d == far else d for d in out]


def _pivot_mds(near: Sequence[Sequence[int]]) -> tuple[list[float], list[float]]:
    n = len(near)
    pivot = max(range(n), key=lambda i: len(near[i]))
    closest = [n * 2] * n
    columns: list[list[float]] = []
    for _ in range(min(PIVOTS, n)):
        distances = _distances(pivot, near)
        columns.append([float(d * d) for d in distances])
        closest = [min(a, b) for a, b in zip(closest, distances, strict=True)]
        pivot = max(range(n), key=lambda i: closest[i])
    k = len(columns)
    rows = [sum(values) / k for values in zip(*columns, strict=True)]
    mean = sum(rows) / n
    for column in columns:
        own = sum(column) / n
        for i, value in enumerate(column):
            column[i] = -0.5 * (value - rows[i] - own + mean)
    products = [[sum(map(float.__mul__, a, b)) for b in columns] for a in columns]
    out: list[list[float]] = []
    found: list[list[float]] = []
    for axis in range(2):
        vector = [1.0 + 0.1 * ((i * 7 + axis * 3) % 5) for i in range(k)]
        for _ in range(60):
            vector = [sum(map(float.__mul__, row, vector)) for row in products]
            for other in found:
                share = sum(map(float.__mul__, vector, other))
                vector = [v - share * o for v, o in zip(vector, other, strict=True)]
            size = math.sqrt(sum(v * v for v in vector)) or 1.0
            vector = [v / size for v in vector]
        found.append(vector)
        out.append([sum(map(float.__mul__, vector, values)) for values in zip(*columns, strict=True)])
    side = max(1.0, *(max(c) - min(c) for c in out))
    # Nodes with equal distances to all pivots get the same position: they are spread in a fixed sunflower pattern.
    spread = 0.35 / math.sqrt(n)
    for i in range(n):
        reach = spread * math.sqrt(i % 97)
        out[0][i] = out[0][i] / side + reach * math.cos(i * _GOLDEN)
        out[1][i] = out[1][i] / side + reach * math.sin(i * _GOLDEN)
    return out[0], out[1]


def _relax(
    xs: list[float],
    ys: list[float],
    edges: Sequence[Edge],
    near: Sequence[Sequence[int]],
    rounds: int,
    step: Callable[[int, int], None],
) -> None:
    n = len(xs)
    ideal = 1 / math.sqrt(n)
    strength = [1 / math.sqrt(max(1, len(other))) for other in near]
    for turn in range(rounds):
        step(turn, rounds)
        heat = ideal * 2.5 * (1 - turn / rounds) ** 1.5 + ideal * 0.02
        dx, dy = [0.0] * n, [0.0] * n
        _repel(xs, ys, dx, dy, ideal)
        for a, b in edges:
            ex, ey = xs[a] - xs[b], ys[a] - ys[b]
            pull = math.sqrt(ex * ex + ey * ey) / ideal
            fa, fb = pull * strength[a], pull * strength[b]
            dx[a] -= ex * fa
            dy[a] -= ey * fa
            dx[b] += ex * fb
            dy[b] += ey * fb
        mx, my = sum(xs) / n, sum(ys) / n
        for i in range(n):
            fx, fy = dx[i] - (xs[i] - mx) * 0.4, dy[i] - (ys[i] - my) * 0.4
            size = math.sqrt(fx * fx + fy * fy)
            way = min(size, heat) / size if size else 0.0
            xs[i] += fx * way
            ys[i] += fy * way


def _repel(xs: list[float], ys: list[float], dx: list[float], dy: list[float], ideal: float) -> None:
    """Nodes closer than two ideal lengths repel each other."""
    cell = ideal * 2
    grid: dict[tuple[int, int], list[int]] = {}
    for i, (x, y) in enumerate(zip(xs, ys, strict=True)):
        grid.setdefault((int(x // cell), int(y // cell)), []).append(i)
    square, least = ideal * ideal, ideal * ideal * 1e-4
    for (cx, cy), members in grid.items():
        around: list[tuple[int, float]] = []
        for key in ((cx + i, cy + j) for i in (-1, 0, 1) for j in (-1, 0, 1)):
            other = grid.get(key)
            if other is not None:
                step = -(-len(other) // _CROWD)
                around += ((i, square * step) for i in other[::step])
        for a in members:
            x, y = xs[a], ys[a]
            fx = fy = 0.0
            for b, weight in around:
                ex, ey = x - xs[b], y - ys[b]
                apart = ex * ex + ey * ey
                if apart < square * 4 and a != b:
                    push = weight / (apart if apart > least else least)
                    fx += ex * push
                    fy += ey * push
            dx[a] += fx
            dy[a] += fy


def _fitted(xs: list[float], ys: list[float]) -> list[tuple[float, float]]:
    low_x, low_y = min(xs), min(ys)
    width, height = max(xs) - low_x, max(ys) - low_y
    side = max(width, height) or 1.0
    left, top = (1 - width / side) / 2, (1 - height / side) / 2
    return [((x - low_x) / side + left, (y - low_y) / side + top) for x, y in zip(xs, ys, strict=True)]
