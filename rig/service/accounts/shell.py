"""What an operator does at the machine itself: accounts without HTTP, backup and restore."""

import io
import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy.exc import OperationalError

from rig.service.accounts.office import Clerks, Office
from rig.service.errors import AccountError
from rig.service.store import Store

DATABASE, BLOBS = "service.db", "blobs"


@contextmanager
def at_the_desk(data: Path, create: bool = False) -> Iterator[Clerks]:
    """The accounts in the folder *data*, now; what is done inside happens, or nothing of it."""
    if not create and not (data / DATABASE).is_file():
        raise AccountError(f"There is no service in {data}", "name its folder with --data")
    try:
        data.mkdir(parents=True, exist_ok=True)
        store = Store(f"sqlite:///{data / DATABASE}")
    except (OSError, OperationalError) as error:
        raise AccountError(f"The data folder {data} cannot be used", "give one that is writable") from error
    try:
        with Office(store).at(store.clock()) as clerks:
            yield clerks
    finally:
        store.close()


def backup(data: Path, archive: Path) -> int:
    """The database as it is at one instant, with every document that it names; the service may go on running.

    Gives how many documents are in it. The archive appears under its name only when it is whole.
    """
    if not (data / DATABASE).is_file():
        raise AccountError(f"There is no service in {data}", "name its folder with --data")
    unfinished = archive.with_name(f"{archive.name}.part")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / DATABASE
        with closing(sqlite3.connect(data / DATABASE)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
            target.execute("PRAGMA journal_mode=DELETE")
            named = target.execute("SELECT original_blob, pages_blob FROM jobs").fetchall()
        names = sorted({name for row in named for name in row if name})
        try:
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file, tarfile.open(fileobj=file, mode="w:gz") as tar:
                tar.add(copy, DATABASE)
                kept = sum(_pack(tar, data / BLOBS / name, f"{BLOBS}/{name}") for name in names)
            unfinished.rename(archive)
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            raise AccountError(f"{archive} cannot be written ({error.strerror})", "give another file") from error
    return kept


def _pack(tar: tarfile.TarFile, file: Path, name: str) -> bool:
    """False for one that was purged meanwhile."""
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return False
    member = tarfile.TarInfo(name)
    member.size, member.mtime = len(content), int(file.stat().st_mtime)
    tar.addfile(member, io.BytesIO(content))
    return True


def restore(archive: Path, data: Path) -> int:
    """Into a folder that holds no service yet. Gives how many documents there were; an older schema is taken over."""
    if (data / DATABASE).exists():
        raise AccountError(f"There is a service in {data} already", "give an empty folder with --data")
    documents = 0
    try:
        (data / BLOBS).mkdir(parents=True, exist_ok=True)
        with tarfile.open(archive, "r:gz") as tar, tempfile.TemporaryDirectory(dir=data) as folder:
            for member in tar:
                target = _place(member, data, Path(folder))
                content = tar.extractfile(member)
                assert content is not None
                target.write_bytes(content.read())
                os.utime(target, (member.mtime, member.mtime))
                documents += target.name != DATABASE
            (Path(folder) / DATABASE).rename(data / DATABASE)
    except (OSError, EOFError, tarfile.TarError) as error:
        raise AccountError(f"{archive} cannot be restored ({error})", "give a file that `backup` wrote") from error
    Store(f"sqlite:///{data / DATABASE}").close()
    return documents


def _place(member: tarfile.TarInfo, data: Path, folder: Path) -> Path:
    """Where a member goes; nothing leaves the folder."""
    if member.isfile() and member.name == DATABASE:
        return folder / DATABASE
    head, _, name = member.name.partition("/")
    if not member.isfile() or head != BLOBS or not name.isalnum():
        raise tarfile.TarError(f"it holds {member.name}, which no backup does")
    return data / BLOBS / name
