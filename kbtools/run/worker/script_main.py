"""Runs a launched fence as the main program, and records that it reached its end, and unraised errors.

``script_main.py REPORT SCRIPT``: each process that runs the script creates a file named by its process number in the
folder REPORT, empty at first, then with "ended" and the errors. An exit code alone proves nothing: ``os._exit(0)``
returns 0 too.
"""

import os
import sys

# The script's folder comes first on the path, not this one's; both before anything else is imported.
_report, _script = sys.argv[1:3]
sys.path[0] = os.path.dirname(_script)  # noqa: PTH120 - before imports


def _main(report: str, script: str) -> int:
    """The exit code of the script."""
    import atexit
    import threading
    import traceback
    import types
    import warnings

    root = __file__
    for _ in range(4):
        root = os.path.dirname(root)  # noqa: PTH120
    sys.path.append(root)  # this kbtools, installed or not
    from kbtools.run.worker.python.left_out import left_out
    from kbtools.run.worker.python.unraised import Unraised

    sys.path.pop()
    word = os.path.join(report, str(os.getpid()))  # noqa: PTH118
    with open(word, "w", encoding="utf-8"):  # noqa: PTH123
        pass
    with open(script, "rb") as file:  # noqa: PTH123
        code = file.read()
    main = types.ModuleType("__main__")
    main.__file__ = script
    main.__dict__["__builtins__"] = __builtins__
    sys.modules["__main__"] = main
    sys.argv = [script]
    unraised = Unraised({script})
    if b"asyncio" in code:
        unraised.watch_tasks()
    if b"concurrent" in code:
        unraised.watch_futures()
    warnings.filterwarnings("error", "assertion is always true", SyntaxWarning)
    exit_code = 0
    lines: list[str] = []
    try:
        exec(compile(code, script, "exec", dont_inherit=True, optimize=0), main.__dict__)
    except SystemExit as stop:
        exit_code = _exit_code(stop)
        if not exit_code:
            import ast

            line = left_out(stop, script, [ast.parse(code, script)])
            if line is not None:
                lines.append(f"line {line}: SystemExit ended the script before its end")
    except BaseException as error:  # noqa: BLE001 - reported as Python does, without the frame of this module
        exit_code = 1
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
            trace = trace.tb_next
        sys.excepthook(type(error), error.with_traceback(trace), trace)
    getattr(threading, "_shutdown", lambda: None)()
    getattr(atexit, "_run_exitfuncs", lambda: None)()
    if "asyncio" in sys.modules:
        import gc

        gc.collect()  # a failed task that was never awaited is reported when it is deleted
    lines += ["".join(traceback.format_exception_only(error)).strip() for error in unraised.take()]
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    with open(word, "w", encoding="utf-8", errors="backslashreplace") as file:  # noqa: PTH123
        file.write("\0".join(["ended", *lines]))
    return exit_code


def _exit_code(stop: SystemExit) -> int:
    if stop.code is None or isinstance(stop.code, int):
        return int(stop.code or 0) & 0xFF
    print(stop.code, file=sys.stderr)
    return 1


if __name__ == "__main__":
    # If several ranks exit at once, torch's C++ threads sometimes abort during interpreter shutdown ("terminate
    # called without an active exception"), after all code of the page has been executed. Python's own exit handlers
    # have been called; the rest of the shutdown is skipped.
    os._exit(_main(_report, _script))
