"""Imports and initialization done once in the fork server instead of in each worker.

The first use of an operator binds symbols, fills tables and imports modules, which takes longer than the code of
most pages. The initialization must not start threads (no backward pass, which may start some, and one OpenMP thread
for the rest) and must not initialize an accelerator, because the server forks afterwards.
"""

from __future__ import annotations

import glob
import io
import sys
import threading
from contextlib import suppress
from typing import Any

_ACCELERATORS = ("/dev/nvidia*", "/dev/kfd", "/dev/dxg", "/dev/dri/renderD*", "/dev/accel*")


def warm() -> None:
    """Initializes what pages use. Errors are ignored here, because a page reports the same error."""
    if "matplotlib.pyplot" in sys.modules:
        with suppress(Exception):
            _figure()
    torch = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "set_num_threads"):
        return
    torch.set_num_threads(1)
    if "numpy" in sys.modules:
        with suppress(Exception):
            import numpy.random  # noqa: F401 - every worker seeds it
    # An optimizer and the compiler initialize accelerators, and a driver that was initialized before a fork cannot be
    # used after it.
    if not accelerators():
        with suppress(Exception):
            _tensors(torch)
            _modules(torch)
            if "torch._dynamo" in sys.modules:
                _optimizer(torch)
            if "torch._inductor.compile_fx" in sys.modules:
                _compiler(torch)


def _figure() -> None:
    """Finds and loads fonts. The timer that matplotlib starts meanwhile has ended before a fork."""
    import matplotlib.pyplot as plt

    _, axes = plt.subplots(figsize=(1, 1), layout="constrained")
    axes.plot([0, 1], label="warm")
    axes.set(title="warm", xlabel="0")
    axes.legend()
    plt.savefig(io.BytesIO(), format="svg")
    plt.close("all")
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(1)


def accelerators() -> bool:
    """Whether the driver of an accelerator is installed; only looks at names."""
    return any(map(glob.glob, _ACCELERATORS))


def _tensors(torch: Any) -> None:
    x = torch.arange(6.0, requires_grad=True)
    (x**2).sum()
    repr(x), repr(x.detach() + 1)
    q, k, v = torch.randn(3, 2, 4, 8).unbind(0)
    weights = torch.softmax(q @ k.transpose(-2, -1) / 8**0.5, dim=-1)
    torch.allclose(weights @ v, torch.nn.functional.scaled_dot_product_attention(q, k, v))
    torch.equal(q, k)


def _modules(torch: Any) -> None:
    nn, data = torch.nn, torch.utils.data
    net = nn.Sequential(nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 2))
    nn.functional.mse_loss(net(torch.randn(4, 8)), torch.randn(4, 2)).item()
    repr(net)
    for _ in data.DataLoader(data.TensorDataset(torch.arange(4), torch.arange(4)), batch_size=2, shuffle=True):
        pass


def _optimizer(torch: Any) -> None:
    """Steps on gradients that are given."""
    for kind in (torch.optim.SGD, torch.optim.AdamW):
        weight = torch.nn.Parameter(torch.ones(3))
        optimizer = kind([weight], lr=0.1)
        optimizer.zero_grad()
        weight.grad = torch.ones(3)
        optimizer.step()


def _compiler(torch: Any) -> None:
    """All steps except code generation, which would leave this process's paths in tables."""
    from torch._inductor.codecache import torch_key
    from torch._inductor.cpu_vec_isa import pick_vec_isa

    # Builds a library for each vector instruction set and loads it in a separate interpreter.
    pick_vec_isa()
    # A hash of torch's own sources, part of every key in the cache.
    torch_key()
    # Otherwise imported when the first call is traced or loaded from the cache.
    import torch.distributed.tensor.experimental
    from torch._inductor.codegen.common import init_backend_registration

    init_backend_registration()
    torch.compile(lambda x: x.sin() + 1, backend="aot_eager")(torch.ones(3))
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
