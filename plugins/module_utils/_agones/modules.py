# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What the Agones modules' main() have in common."""

from __future__ import annotations

from typing import Any, Callable, Mapping

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import IMPORT_ERROR
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.contract import DEFAULT_DOMAIN
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._round import with_timeout

KUBECONFIG_ARGUMENT: dict[str, Any] = {"type": "path", "required": True}
NAMESPACES_ARGUMENT: dict[str, Any] = {"type": "list", "elements": "str", "required": True}
DOMAIN_ARGUMENT: dict[str, Any] = {"type": "str", "default": DEFAULT_DOMAIN}
PREDICATE_ARGUMENT: dict[str, Any] = {
    "type": "dict",
    "options": {"counter": {"type": "str"}, "list": {"type": "str"}},
    "required_one_of": [["counter", "list"]],
}


def run_module(
    argument_spec: Mapping[str, Any],
    run: Callable[[AnsibleModule], dict[str, Any]],
    *,
    supports_check_mode: bool = True,
    **rules: Any,
) -> None:
    """Parse the options, run, and leave with the result or with what is wrong."""
    module = AnsibleModule(argument_spec=dict(argument_spec), supports_check_mode=supports_check_mode, **rules)
    if IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("kubernetes"), exception=IMPORT_ERROR)
    try:
        module.exit_json(**with_timeout(run(module), module.params))
    except BlueGreenError as error:
        module.fail_json(msg=error.message, **error.details)


def run_id_of(options: Mapping[str, Any]) -> str:
    """The run that a task belongs to: option `run_id`, else the lease's run."""
    run_id = options["run_id"] or (options["lease"] or {}).get("run_id")
    if not run_id:
        raise BlueGreenError("no run to write for: set the option run_id, or lease, which names one")
    return str(run_id)
