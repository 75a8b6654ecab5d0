"""bubblewrap around the warm process: what it can see, and whether it works on this machine.

Everything is read-only, nothing is there that Python does not need. Above all not the course folder: sources,
submissions of others, the gradebook.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from helpers.grading.sandbox.bound import SYSTEM, USR, Bound, below, kit_place, package_folders, python_places

COURSE = "/course"  # where the package lies inside
CACHE = "/tmp/.matplotlib"
THREADS = tuple(f"{library}_NUM_THREADS" for library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR"))
_ETC = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "fonts", "localtime", "alternatives", "mime.types")
_ROOTS = ("/bin", "/sbin", "/lib", "/lib64", "/lib32", "/libx32")  # often links into /usr
_WRITTEN = {
    "/etc/passwd": "student:x:1000:1000:student:/tmp/home:/bin/sh\n",
    "/etc/group": "student:x:1000:\n",
    "/etc/hosts": "127.0.0.1 localhost\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}
# Folders below /usr in which administrators put courses, and nbgrader its exchange.
_COVERED = ("/usr/src", "/usr/local/src", "/usr/local/share/nbgrader", "/usr/share/nbgrader")
_SPACES = ("--unshare-pid", "--unshare-ipc", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try")


def environment(cache: str, path: Iterable[str] = ()) -> dict[str, str]:
    """The whole environment of a warm process: nothing of the grader's own, which may hold secrets.

    cache: a writable folder for matplotlib. path: folders for Python to import from.
    """
    binaries = [os.path.dirname(sys.executable), "/usr/local/bin", "/usr/bin", "/bin"]
    values = {
        "PATH": os.pathsep.join(binaries),
        "LANG": "C.UTF-8",
        "PYTHONPATH": os.pathsep.join(path),
        "PYTHONHASHSEED": "0",  # grading twice gives the same marks twice
        "PYTHONDONTWRITEBYTECODE": "1",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "MPLCONFIGDIR": cache,
        "NBGRADER_EXECUTION": "autograde",  # as nbgrader's own kernel has it: notebooks leave long runs out by it
    }
    values |= dict.fromkeys(THREADS, "1")
    if sys.platform == "darwin":
        values["OBJC_DISABLE_INITIALIZE_FORK_SAFETY"] = "YES"  # the warm process forks after its imports
    kept = ("COURSE_DATA", "COURSE_CACHE", "TZ", "SYSTEMROOT", "TEMP", "DYLD_LIBRARY_PATH", "LD_LIBRARY_PATH")
    return values | {name: os.environ[name] for name in kept if name in os.environ}


def font_list() -> dict[str, bytes]:
    """matplotlib's list of fonts as it has cached it for whoever runs this (making it anew takes a second)."""
    cache = os.environ.get("MPLCONFIGDIR") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "matplotlib")
    found = sorted(Path(cache).expanduser().glob("fontlist-v*.json"))
    return {p.name: p.read_bytes() for p in found if p.stat().st_size < 2**22}


def command(program: list[str], user: str, readable: Iterable[str] = (), size: int = 2**28,
            hidden: Iterable[str] = ()) -> tuple[list[str], list]:  # fmt: skip
    """bubblewrap's command line for `program`, and open files that it must inherit.

    user: "root" if root starts it and the program will become nobody by itself; "other" for a user namespace.
    readable: more folders to be seen, read-only, where they are. size: bytes that /tmp holds. hidden: folders that are
    empty inside, though they lie in what is seen.
    """
    spaces = ["--unshare-all", "--uid", "1000", "--gid", "1000"]
    if user == "root":
        spaces = list(_SPACES)
        for capability in ("CAP_SETUID", "CAP_SETGID", "CAP_SYS_ADMIN"):  # until it is nobody
            spaces += ["--cap-add", capability]
    line = ["bwrap", *spaces, "--die-with-parent", "--new-session", "--hostname", "notebook", "--clearenv"]
    for name, value in environment(CACHE, [COURSE, *package_folders()]).items():
        line += ["--setenv", name, value]
    line += ["--size", str(size), "--perms", "1777", "--tmpfs", "/tmp"]
    empty = covered(hidden)
    line += [*_system(empty), *_bind([place.source for place in python_places(empty)]),
             *_bind([kit_place().source], [f"{COURSE}/helpers"]), *_bind(readable)]
    written, files = _written()
    line += [*written, "--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--tmpfs", "/dev/shm"]
    line += ["--ro-bind-try", "/sys/devices/system/cpu", "/sys/devices/system/cpu"]
    for path in empty:
        line += ["--remount-ro", path]
    line += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/tmp", "--", *program]
    return line, files


def places(readable: Iterable[Bound], hidden: Iterable[str] = ()) -> list[Bound]:
    """All that `command` shows of this machine's files."""
    system = [name for name in (USR, *_ROOTS, "/nix/store") if os.path.isdir(name) and not os.path.islink(name)]
    return [*(Bound(path, SYSTEM) for path in system), *python_places(covered(hidden)), kit_place(), *readable]


def _system(empty: list[str]) -> list[str]:
    """The system's programs and libraries, and a few files of its configuration."""
    line = ["--ro-bind", USR, USR]
    for name in _ROOTS:
        if os.path.islink(name):
            line += ["--symlink", os.readlink(name), name]
        elif os.path.isdir(name):
            line += ["--ro-bind", name, name]
    line += ["--ro-bind-try", "/nix/store", "/nix/store"]
    line += ["--perms", "0755", "--dir", "/etc"]
    for name in _ETC:
        line += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    for path in empty:
        line += ["--perms", "0755", "--tmpfs", path]
    return line


def covered(hidden: Iterable[str] = ()) -> list[str]:
    """Folders that would be seen below /usr and shall not: courses, the exchange."""
    return [path for path in dict.fromkeys((*_COVERED, *hidden)) if below(path, [USR]) and os.path.isdir(path)]


def _bind(sources: Iterable[str], targets: Iterable[str] | None = None) -> list[str]:
    """Folders that can be read. Their parents are made first: root's bubblewrap would make them for root alone."""
    line = []
    for source, target in zip(sources, sources if targets is None else targets):
        for parent in reversed(Path(target).parents[:-1]):
            line += ["--perms", "0755", "--dir", str(parent)]
        line += ["--ro-bind", source, target]
    return line


def _written() -> tuple[list[str], list]:
    """Files with contents of our own; bubblewrap reads them from descriptors."""
    contents = {name: text.encode() for name, text in _WRITTEN.items()}
    contents |= {f"{CACHE}/{name}": data for name, data in font_list().items()}
    line, files = [], []
    for name, data in contents.items():
        f = tempfile.TemporaryFile()  # noqa: SIM115 (closed by whoever starts the program)
        f.write(data)
        f.seek(0)
        files.append(f)
        line += ["--perms", "0644", "--file" if name.startswith(CACHE) else "--ro-bind-data", str(f.fileno()), name]
    return ["--perms", "1777", "--dir", CACHE, *line], files


@functools.cache
def probe() -> tuple[str, bool, str]:
    """Who must start bubblewrap here ("root", "other", or "" if it does not work), whether a submission can have
    namespaces of its own inside, and what is wrong (with advice)."""
    if sys.platform != "linux":
        return "", False, "bubblewrap needs Linux. Grade on a Linux machine, or take --sandbox none for work you trust."
    if shutil.which("bwrap") is None:
        return "", False, "bubblewrap is not installed. Install it (Debian, Ubuntu: apt install bubblewrap)."
    said = ""
    for user in ("root", "other") if os.geteuid() == 0 else ("other",):
        for module, namespaces in (("helpers.grading.sandbox.inside.walls", True), ("helpers", False)):
            line, files = command([sys.executable, "-P", "-m", module] if namespaces else ["/bin/true"], user)
            try:
                p = subprocess.run(
                    line, pass_fds=[f.fileno() for f in files], capture_output=True, text=True, timeout=60,
                    stdin=subprocess.DEVNULL,
                )  # fmt: skip
            except (OSError, subprocess.TimeoutExpired) as e:
                p = subprocess.CompletedProcess(line, 1, "", str(e))
            for f in files:
                f.close()
            if p.returncode == 0 and (not namespaces or p.stdout.strip() == "namespaces"):
                return user, namespaces, ""
            said = p.stderr.strip().splitlines()[-1] if p.stderr.strip() else said
    return "", False, (
        f"bubblewrap cannot build its walls here ({said[:200]}). Allow unprivileged user namespaces "
        "(sysctl kernel.unprivileged_userns_clone=1; on Ubuntu 24.04 an AppArmor profile for bwrap), "
        "or run the container with --security-opt seccomp=unconfined."
    )  # fmt: skip
