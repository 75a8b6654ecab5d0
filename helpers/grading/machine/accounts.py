"""The accounts of this machine, and who shares a group with whom. Without them (Windows) nobody else is here."""

from __future__ import annotations

import os
from pathlib import Path

from helpers.grading.course.errors import CourseError

try:
    import grp
    import pwd
except ImportError:  # Windows
    grp = pwd = None  # type: ignore[assignment]

FIRST_PERSON, LAST_PERSON = 1000, 60_000  # ids that systems give to people
NO_LOGIN = ("nologin", "false", "sync", "halt", "shutdown")
HUB_PLACES = ("/etc/jupyterhub", "/srv/jupyterhub", "/opt/tljh")


def others_here(owner: int) -> bool:
    """Has anybody but the owner an account here?"""
    if pwd is None:
        return False
    return any(FIRST_PERSON <= one.pw_uid < LAST_PERSON and one.pw_uid != owner
               and os.path.basename(one.pw_shell) not in NO_LOGIN for one in pwd.getpwall())


def on_a_hub() -> bool:
    """Does a JupyterHub run here, as far as one can see?"""
    return any(os.environ.get(name) for name in ("JUPYTERHUB_USER", "JUPYTERHUB_API_URL")) or any(
        Path(place).is_dir() for place in HUB_PLACES)


def is_administrator_for(folder: Path) -> bool:
    """Is this root, who mends another's course and does not grade?"""
    return hasattr(os, "geteuid") and os.geteuid() == 0 and folder.stat().st_uid != 0


def name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except (KeyError, AttributeError):
        return str(uid)


def group_name(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except (KeyError, AttributeError):
        return str(gid)


def existing_group(name: str) -> int:
    """The id of a group.

    Raises:
        CourseError: if there is no such group.
    """
    try:
        return grp.getgrnam(name).gr_gid
    except (KeyError, AttributeError):
        raise CourseError(f"this machine has no group “{name}”: root makes one with `groupadd {name}` and adds each "
                          f"grader with `usermod -aG {name} NAME`; they log in anew then") from None


def is_private_group(gid: int, uid: int) -> bool:
    """Is this the group that a system makes for one account alone, or has it no other member?"""
    if pwd is None:
        return True
    try:
        members = set(grp.getgrgid(gid).gr_mem)
    except KeyError:
        members = set()
    members |= {one.pw_name for one in pwd.getpwall() if one.pw_gid == gid}
    return members <= {name_of(uid)}
