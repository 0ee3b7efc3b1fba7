"""The lab's addresses and folders, and what is refused."""

from __future__ import annotations

import pytest

from lab.binaries import check_go_version
from lab.world.config import LabConfig, LabError


def test_two_labs_share_no_address_and_no_folder() -> None:
    one, two = LabConfig.from_environment({"LAB_NUMBER": "7"}), LabConfig.from_environment({"LAB_NUMBER": "8"})
    assert one.aws_endpoint == "http://127.7.0.1:4566"
    assert one.aws_address != two.aws_address
    assert one.state != two.state
    assert one.cache == two.cache


@pytest.mark.parametrize("number", ["0", "100", "-1", "blue", ""])
def test_a_lab_number_out_of_range_is_refused(number: str) -> None:
    with pytest.raises(LabError, match=f"LAB_NUMBER is '{number}'; set it to a whole number from 1 to 99"):
        LabConfig.from_environment({"LAB_NUMBER": number})


def test_an_unknown_queue_is_refused() -> None:
    with pytest.raises(LabError, match="LAB_QUEUE is 'fifo'; set it to one of none, per_slot, shared"):
        LabConfig.from_environment({"LAB_QUEUE": "fifo"})


def test_a_child_process_finds_the_same_lab() -> None:
    config = LabConfig.from_environment({"LAB_NUMBER": "9", "LAB_STATE": "/somewhere", "LAB_QUEUE": "shared"})
    assert LabConfig.from_environment(config.environment()) == config


@pytest.mark.parametrize("printed", ["go version go1.25.9 linux/amd64", "go version go1.9 linux/amd64", ""])
def test_a_go_toolchain_too_old_is_refused_with_what_to_do(printed: str) -> None:
    with pytest.raises(LabError, match=r"needs Go 1\.26 or newer; install it, or run"):
        check_go_version("go", printed)


@pytest.mark.parametrize(
    ("printed", "version"), [("go version go1.26.0 linux/amd64", (1, 26)), ("go version go2.0 linux/amd64", (2, 0))]
)
def test_a_go_toolchain_new_enough_passes(printed: str, version: tuple[int, int]) -> None:
    assert check_go_version("go", printed) == version
