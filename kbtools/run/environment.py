"""The environment variables of workers: what Python and torch need, no secrets, and what makes runs repeatable."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping

_KEPT = ("PATH", "LANG", "LANGUAGE", "TZ", "VIRTUAL_ENV", "CONDA_PREFIX", "SYSTEMROOT", "NUMBER_OF_PROCESSORS")
_KEPT_PREFIXES = (
    "LC_",
    "PYTHON",
    "TORCH",
    "PYTORCH",
    "CUDA",
    "NVIDIA_",
    "HIP_",
    "ROCM_",
    "ROCR_",
    "LD_LIBRARY",
    "DYLD_",
)
_DROPPED = ("PYTHONSTARTUP", "PYTHONINSPECT", "PYTHONBREAKPOINT", "PYTHONOPTIMIZE")
"""The last would take the assertions out of the code."""
_SECRET = ("TOKEN", "SECRET", "PASSWORD", "CREDENTIAL", "APIKEY", "API_KEY")
_THREADS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
_NO_INFLUENCE = ("PATH", "VIRTUAL_ENV", "CONDA_PREFIX", *_THREADS)
"""On results. What PATH leads to counts for sessions that start programs: see ``packages.versions``."""


def worker_environment(threads: int, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables of a worker, with thread pools of ``threads``; ``extra`` wins."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if (name in _KEPT or name.startswith(_KEPT_PREFIXES))
        and name not in _DROPPED
        and not any(s in name.upper() for s in _SECRET)
    }
    kept.update(dict.fromkeys(_THREADS, str(threads)))
    # Threads that wait for each other in a loop take the time of the sessions beside them.
    kept.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # Printed sets and dicts of strings keep their order from run to run; a probe must not initialise CUDA.
    kept.update(PYTHONHASHSEED="0", PYTORCH_NVML_BASED_CUDA_CHECK="1", PYTHONDONTWRITEBYTECODE="1", NO_COLOR="1")
    kept.update(PYTHONUNBUFFERED="1", PYTHONIOENCODING="utf-8", PYTHON_COLORS="0")
    # torch.compile: no pool of processes for a page's few kernels, and no precompiled header: Inductor keeps it among
    # temporary files, so each session would make it anew, which costs more than all the kernels of a page.
    kept.update(TORCHINDUCTOR_COMPILE_THREADS="1", TORCHINDUCTOR_CPP_CACHE_PRECOMPILE_HEADERS="0")
    return {**kept, **(extra or {})}


def digest() -> str:
    """A hash of the variables that may change what a session does."""
    told = {name: value for name, value in worker_environment(1).items() if name not in _NO_INFLUENCE}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]
