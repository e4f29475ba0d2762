"""`rig service`, as an operator types it."""

import io
import sqlite3
import tarfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rig.cli import app
from rig.commands.service import Devices
from rig.service import shell
from rig.service.store import Store


@pytest.fixture
def run(tmp_path):
    def typed(*words: str, code: int = 0, given: str = "", data: Path = tmp_path / "state") -> str:
        done = CliRunner().invoke(app, ["service", *words, "--data", str(data)], input=given)
        assert done.exit_code == code, done.output
        return done.output

    return typed


def test_a_domain_with_its_people_numbers_and_accounts(run, tmp_path):
    run("domain", "add", "acme", "--reseller", "north", "--uc", "3", "--fax", "2", "--max-fax-numbers", "2")
    run("domain", "numbers", "acme", "1 305 555 0100", "13055550101")
    run("user", "add", "manu@acme", "--role", "manager", "--licence", "uc", "--password", given="correct horse\n")
    run("user", "add", "sales@acme", "--kind", "group")
    run("user", "add", "nina", "--reseller", "north")
    assert run("user", "token", "manu@acme").startswith("fax_")
    assert "sales@acme: group, user, licence fax" in run("user", "list", "acme")
    accounts = tmp_path / "accounts.csv"
    accounts.write_text("number,user\n13055550100,manu\n13055550101,sales\n")
    assert "2 fax accounts to add" in run("import", "acme", str(accounts), "--dry-run")
    assert "2 fax accounts added" in run("import", "acme", str(accounts))
    said = run("import", "acme", str(accounts), code=1)
    assert f"{accounts}:2: The domain has 2 of at most 2 fax numbers" in said
    run("domain", "set", "acme", "--max-fax-numbers", "unlimited", "--hipaa", code=2)
    run("domain", "set", "bench", "--closed")
    listed = run("domain", "list")
    assert "acme: 2 fax numbers of 2; licences uc 1 of 3, fax 1 of 2" in listed


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("domain", "set", "nobody"), "no domain"),
        (("user", "add", "x@nobody"), "no domain"),
        (("user", "add", "x@bench", "--kind", "robot"), "choose from"),
        (("user", "add", "x", "--reseller", "nobody"), "no reseller"),
        (("user", "token", "nobody"), "no user"),
        (("domain", "set", "bench", "--max-fax-numbers", "many"), "disabled"),
        (("domain", "set", "acme", "--open"), "Only the domain bench"),
        (("domain", "add", "acme"), "already"),
        (("domain", "numbers", "acme", "201"), "3 digits"),
        (("import", "acme", "nothing.csv"), "cannot be read"),
    ],
)
def test_slips(run, words, says):
    run("domain", "add", "acme")
    said = run(*words, code=2)
    assert says in said
    assert "Traceback" not in said


def test_there_is_no_service_there(run):
    assert "no service in" in run("domain", "list", code=2)


def test_backup_and_restore(run, tmp_path):
    run("domain", "add", "acme")
    service = shell.open_service(tmp_path / "state")
    job = service.submit(b"%PDF-1.4 x", "a.pdf", "201", service.store.clock())
    service.store.close()
    archive, new = tmp_path / "backup.tar.gz", tmp_path / "new"
    assert "1 documents" in run("backup", str(archive))
    assert archive.stat().st_mode & 0o077 == 0
    assert "1 documents" in run("restore", str(archive), data=new)
    assert "acme" in run("domain", "list", data=new)
    again = shell.open_service(new)
    assert again.original(job.id) == b"%PDF-1.4 x"
    again.store.close()
    assert "already" in run("restore", str(archive), code=2, data=new)


def test_an_old_backup_is_taken_over(run, tmp_path):
    old = tmp_path / "service.db"
    connection = sqlite3.connect(old)
    connection.executescript((Path(__file__).parent / "schema_0001.sql").read_text())
    connection.close()
    with tarfile.open(tmp_path / "old.tar.gz", "w:gz") as tar:
        tar.add(old, "service.db")
    run("restore", str(tmp_path / "old.tar.gz"), data=tmp_path / "new")
    store = Store(f"sqlite:///{tmp_path / 'new' / 'service.db'}")
    assert len(store.jobs()) == 2
    store.close()


@pytest.mark.parametrize("name", ["../evil", "blobs/../../evil", "blobs/a/b", "/evil"])
def test_an_archive_that_reaches_out_is_refused(run, tmp_path, name):
    with tarfile.open(tmp_path / "bad.tar.gz", "w:gz") as tar:
        member = tarfile.TarInfo(name)
        member.size = 1
        tar.addfile(member, io.BytesIO(b"x"))
    assert "no backup does" in run("restore", str(tmp_path / "bad.tar.gz"), code=2, data=tmp_path / "deep" / "new")
    assert list(tmp_path.rglob("evil")) == []


def test_no_archive_at_all(run, tmp_path):
    (tmp_path / "x").write_bytes(b"nothing")
    assert "cannot be restored" in run("restore", str(tmp_path / "x"), code=2, data=tmp_path / "new")
    run("domain", "add", "acme")
    assert "cannot be written" in run("backup", str(tmp_path / "no" / "x"), code=2)


def test_serials_are_held_against_the_rules_of_vendors():
    devices = Devices()
    assert "Cisco ATA 191" in devices.models()
    assert devices.complaint("Cisco ATA 191", "FCH2443D9R4") == ""
    assert devices.complaint("Cisco ATA 191", "FCH2499D9R4") != ""
    assert devices.complaint("Obihai OBi300", "88H01NA00000") == ""
