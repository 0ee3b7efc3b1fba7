"""Starting, finding and ending the lab's processes, with real ones."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from lab.world import processes
from lab.world.config import LabConfig, LabError


@pytest.fixture
def config(tmp_path: Path) -> LabConfig:
    return LabConfig.from_environment({"LAB_NUMBER": "98", "LAB_STATE": str(tmp_path)})


def test_a_process_is_found_by_its_record_and_ended_with_its_children(config: LabConfig) -> None:
    record = processes.start(config, "sleeper", ["bash", "-c", "sleep 60 & wait"])
    process = processes.find_process(record)
    assert process is not None
    assert processes.read_record(config, "sleeper") == record
    assert processes.stop(config, "sleeper")
    assert not psutil.pid_exists(record.pid) or processes.find_process(record) is None
    assert processes.list_records(config) == []


def test_a_reused_process_id_is_not_ours(config: LabConfig) -> None:
    record = processes.start(config, "sleeper", ["sleep", "60"])
    stranger = processes.ProcessRecord("stranger", record.pid, record.started - 100, [], record.log)
    assert processes.find_process(stranger) is None
    processes.stop(config, "sleeper")


def test_a_program_that_does_not_listen_shows_the_end_of_its_log(config: LabConfig) -> None:
    record = processes.start(config, "broken", ["bash", "-c", "echo the reason"])
    with pytest.raises(LabError, match="the reason"):
        processes.wait_until_listening(record, config.aws_address, 4566, timeout=5)
    processes.stop(config, "broken")
