from __future__ import annotations

import os
from pathlib import Path

import pytest

from lab.game.conduct import Conduct, ConductFile, path_of, write
from lab.world.config import LabConfig, LabError

UIDS = [f"uid-{number}" for number in range(2000)]


def test_without_a_file_there_is_no_fault(tmp_path: Path) -> None:
    assert ConductFile(tmp_path / "conduct.json").read() == Conduct()
    assert not any(Conduct().is_deaf(uid) or Conduct().crashes(uid) for uid in UIDS)


def test_a_share_of_the_servers_has_a_fault_and_always_the_same_ones() -> None:
    conduct = Conduct(deaf_share=0.1, crash_share=0.1)
    deaf = {uid for uid in UIDS if conduct.is_deaf(uid)}
    crash = {uid for uid in UIDS if conduct.crashes(uid)}
    assert 150 < len(deaf) < 250
    assert 150 < len(crash) < 250
    assert deaf != crash
    assert deaf <= {uid for uid in UIDS if Conduct(deaf_share=0.2).is_deaf(uid)}


def test_what_is_written_is_read_while_it_changes(tmp_path: Path) -> None:
    config = LabConfig.from_environment({"LAB_STATE": str(tmp_path)})
    file = ConductFile(path_of(config))
    for number, conduct in enumerate([Conduct(30.0), Conduct(deaf_share=0.1), Conduct()]):
        write(config, conduct)
        os.utime(path_of(config), ns=(number, number + 1))
        assert file.read() == conduct
    path_of(config).unlink()
    assert file.read() == Conduct()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "Expecting"),
        ('{"death_share": 1}', "death_share"),
        ('{"deaf_share": 2}', "share"),
        ('{"match_seconds": -1}', "match_seconds"),
        ("[]", "conduct"),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "conduct.json"
    path.write_text(text)
    with pytest.raises(LabError, match=said):
        ConductFile(path).read()
