# Copyright (c) 2026, the gameops.eks_bluegreen contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to this collection: may change at any time.
"""What the AWS modules share: one decorated call per function, one except per module."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeVar

from ansible_collections.amazon.aws.plugins.module_utils.errors import AWSErrorHandler
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError

F = TypeVar("F", bound=Callable[..., Any])

# A write under the lease must land, or fail, well before a runner that took the lease over stops looking for it.
CLIENT_CONFIG: Mapping[str, Any] = {"connect_timeout": 5, "read_timeout": 15, "retries": {"max_attempts": 2}}


def aws_call(doing: str, *, none_for: str | None = None) -> Callable[[F], F]:
    """Decorate a function that makes one AWS call: throttling is retried, errors say what was being done.

    `doing` may name the function's parameters in braces. An error with the code `none_for` means that
    the thing does not exist: the function then returns None.
    """

    def decorate(function: F) -> F:
        retried = AWSRetry.jittered_backoff(retries=5, delay=1, max_delay=5)(function)

        def absent_is_none(*args: Any, **kwargs: Any) -> Any:
            try:
                return retried(*args, **kwargs)
            except Exception as error:
                if none_for is not None and error_code(error) == none_for:
                    return None
                raise

        absent_is_none.__wrapped__ = function  # type: ignore[attr-defined]  # by which the handler finds the parameters
        handled: F = AWSErrorHandler.common_error_handler(doing)(absent_is_none)
        return handled

    return decorate


def error_code(error: BaseException | None) -> str:
    """The AWS code of a botocore error or of an error that carries one; "" if there is none."""
    cause = getattr(error, "exception", None) or error
    response = getattr(cause, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def finish(module: Any, work: Callable[[], dict[str, Any]]) -> NoReturn:
    """Do a module's work and leave: the only place where results and errors become the module's answer."""
    try:
        result = work()
    except BlueGreenError as error:
        module.fail_json(msg=error.message, **error.details)
    except AnsibleAWSError as error:
        module.fail_json_aws_error(error)
    module.exit_json(**result)
    raise SystemExit  # exit_json has left already; this tells the type checker
