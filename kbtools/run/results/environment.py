"""Environment variables of workers: those Python and torch need, no secrets, settings for repeatable runs."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

_KEPT = (
    "PATH",
    "PYTHONPATH",
    "LANG",
    "LANGUAGE",
    "TZ",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "SYSTEMROOT",
    "NUMBER_OF_PROCESSORS",
)
_KEPT_PREFIXES = (
    "LC_",
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
_FOR_INTERPRETERS = ("PYTHONPROFILEIMPORTTIME",)
"""Variables that are passed to kb's own interpreters, for tools that inspect them."""
_SECRET = ("TOKEN", "SECRET", "PASSWORD", "CREDENTIAL", "APIKEY", "API_KEY")
_THREADS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
_NO_INFLUENCE = ("PATH", "VIRTUAL_ENV", "CONDA_PREFIX", *_THREADS)
"""Variables that do not affect results. Programs found through PATH count for sessions that start programs: see
``packages.versions``."""


def worker_environment(threads: int, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables of a worker, with ``threads`` threads in thread pools; ``extra`` takes precedence."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if (name in _KEPT or name.startswith(_KEPT_PREFIXES)) and not any(s in name.upper() for s in _SECRET)
    }
    kept.update(dict.fromkeys(_THREADS, str(threads)))
    # Busy-waiting threads would take processor time from other sessions.
    kept.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # A probe must not initialise CUDA.
    kept.update(PYTORCH_NVML_BASED_CUDA_CHECK="1", NO_COLOR="1")
    if not any(name in kept for name in ("LC_ALL", "LC_CTYPE", "LANG")):
        kept["LANG"] = "C.UTF-8"
    # torch.compile: no process pool for a page's few kernels, and no precompiled header: Inductor keeps it among
    # temporary files, so each session would compile it again, which takes longer than all kernels of a page.
    kept.update(TORCHINDUCTOR_COMPILE_THREADS="1", TORCHINDUCTOR_CPP_CACHE_PRECOMPILE_HEADERS="0")
    return {**kept, **(extra or {})}


def interpreter_environment(
    environment: Mapping[str, str], *, other: bool = False, hash_seed: int = 0
) -> dict[str, str]:
    """Additional variables for the interpreter of a worker; pages do not see them.

    With one ``hash_seed``, printed sets of strings have the same order in every run. kbtools is put on the module
    path, whether it is installed or not; an ``other`` interpreter is told the location of kbtools instead, and gets
    none of kb's packages.
    """
    import kbtools

    here = str(Path(kbtools.__file__).parent.parent)
    paths = [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p]
    inherited = {name: os.environ[name] for name in _FOR_INTERPRETERS if name in os.environ}
    return {
        **environment,
        **inherited,
        "PYTHONPATH": "" if other else os.pathsep.join([*paths, *([] if here in paths else [here])]),
        "PYTHONHASHSEED": str(hash_seed),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def digest() -> str:
    """A hash of the variables that may affect a session."""
    variables = {name: value for name, value in worker_environment(1).items() if name not in _NO_INFLUENCE}
    return hashlib.sha256(json.dumps(variables, sort_keys=True).encode()).hexdigest()[:16]
