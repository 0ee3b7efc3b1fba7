"""What a chart is installed with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

DEPLOY = Path(__file__).parents[3] / "roles" / "platform_charts" / "tasks" / "deploy.yml"


@pytest.mark.parametrize(
    ("chart", "values"),
    [
        ({"name": "arena", "values": {"slot": "green"}}, {"slot": "green"}),
        ({"name": "arena", "values": None}, {}),
        ({"name": "arena"}, {}),
    ],
)
def test_a_chart_without_values_is_installed_without(chart: dict[str, Any], values: dict[str, Any]) -> None:
    loader = DataLoader()
    tasks = loader.load_from_file(str(DEPLOY), trusted_as_template=True)
    (text,) = [task["kubernetes.core.helm"]["values"] for task in tasks if "kubernetes.core.helm" in task]
    assert Templar(loader, variables={"item": chart}).template(text) == values
