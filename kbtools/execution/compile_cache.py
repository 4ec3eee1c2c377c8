"""Where torch.compile keeps what it has compiled, from run to run: cold it costs seconds a page, warm a fraction."""

from __future__ import annotations

from pathlib import Path

_VARIABLES = {"TORCHINDUCTOR_CACHE_DIR": "inductor", "TRITON_CACHE_DIR": "triton"}


def server_cache(state: Path) -> tuple[tuple[str, str], ...]:
    """The variable for the fork server's own part, which holds what it finds out about this machine's compiler.

    No worker may write there: the server is not confined, and loads what it finds.
    """
    folder = state / "cache" / "server"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return ()
    return (("TORCHINDUCTOR_CACHE_DIR", str(folder.resolve())),)


def compile_cache(state: Path) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """The folders workers may write their compiled code to, and the variables that tell torch (``Settings``).

    Sessions and runs side by side may share them: Inductor and Triton lock, and put files in place by renaming. Entries
    are found by a hash of the graph, its options and torch's version. Only confined workers ever read them. Where the
    folder cannot be made, compiled code is kept in the scratch folder, as without this.
    """
    folders = {variable: state / "cache" / name for variable, name in _VARIABLES.items()}
    try:
        for folder in folders.values():
            folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return (), ()
    made = {variable: str(folder.resolve()) for variable, folder in folders.items()}
    return tuple(made.values()), tuple(made.items())
