"""Where numba keeps the machine code of librosa, which one process at a time fills: compiling takes 15 s.

Of a gufunc numba stores two files, one after the other. Two processes that compile it at once leave two that do not
belong together, and every later process that calls it dies of a null pointer
(https://github.com/numba/numba/issues/10128). So the folder is our own, and has a lock.
"""

import atexit
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from filelock import FileLock

from genre.settings import Settings

CHOSEN = "NUMBA_CACHE_DIR"
PATIENCE_SECONDS = 120.0  # for another process to compile


@contextmanager
def kept() -> Iterator[None]:
    """Import inside what compiles when it is imported: once on a machine, and while no other process of ours does.

    Where the folder cannot be written to or another process takes too long, everything is compiled for this process
    and those that it starts.
    """
    if "numba" in sys.modules:  # whoever imported it has chosen where it keeps its code
        yield
        return
    folder = _folder()
    os.environ[CHOSEN] = str(folder)
    filled = folder / "filled"
    if filled.exists():
        yield
        return
    lock = FileLock(folder / "filling.lock")
    try:
        lock.acquire(timeout=PATIENCE_SECONDS)
    except OSError:  # which a Timeout is, too
        os.environ[CHOSEN] = str(_throwaway())
        yield
        return
    try:
        if filled.exists():  # by whom this one has waited for: the others need not wait again
            lock.release()
        yield
        filled.touch()
    finally:
        lock.release()


def _folder() -> Path:
    """Return a folder for this state of things below the one that was chosen, else below our own."""
    ours = Path(os.environ.get("GENRE_CACHE") or Settings.cache).expanduser() / "numba"
    base, state = Path(os.environ.get(CHOSEN) or ours), _state()
    folder = base if base.name == state else base / state  # a process that another has started gets its folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()  # numba keeps nothing where it cannot write
    except OSError:
        return _throwaway()
    return folder


def _throwaway() -> Path:
    folder = tempfile.mkdtemp(prefix="genre-numba-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def _state() -> str:
    """Return a name for all that numba compiles anew for: the sources, the compilers, Python and the processor."""
    from llvmlite import binding

    facts = [sys.version, binding.get_host_cpu_name()]
    facts += sorted(name for name, has in binding.get_host_cpu_features().items() if has)
    facts += [version(name) for name in ("librosa", "numba", "llvmlite", "numpy")]
    package = find_spec("librosa")
    for source in sorted(Path(str(package and package.origin)).parent.rglob("*.py")):
        status = source.stat()
        facts.append(f"{source} {status.st_size} {status.st_mtime_ns}")
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]
