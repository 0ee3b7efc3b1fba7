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
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._round import with_timeout

F = TypeVar("F", bound=Callable[..., Any])

# A write under the lease must land, or fail, before a runner that took the lease over stops looking for it (30 s): two
# tries of 9 s and the pauses between them, after up to two rounds that AWS throttles at once; 23 s by its unit test.
CLIENT_CONFIG: Mapping[str, Any] = {"connect_timeout": 3, "read_timeout": 6, "retries": {"total_max_attempts": 2}}
# As many as botocore keeps connections open for.
CALLS_IN_PARALLEL = 10
# How throttling is handled beyond botocore's own retries. Reads, and calls that wait for something, may take longer.
WRITE_PATIENCE: Mapping[str, int] = {"retries": 3, "delay": 1, "max_delay": 1}
PATIENCE: Mapping[str, int] = {"retries": 5, "delay": 1, "max_delay": 5}
READS = ("describe_", "get_", "list_")
# Codes that amazon.aws does not take for throttling, but that SSM, EKS, CloudWatch Logs and S3 use for it.
MORE_THROTTLES = (
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "SlowDown",
    "PriorRequestNotComplete",
)

# Exceptions and codes that are about the caller, whatever the call.
NO_CREDENTIALS = (
    "NoCredentialsError",
    "PartialCredentialsError",
    "CredentialRetrievalError",
    "ProfileNotFound",
    "NoAuthTokenError",
    "SSOTokenLoadError",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
)
EXPIRED_CREDENTIALS = (
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
    "TokenRetrievalError",
    "UnauthorizedSSOTokenError",
    "LoginRefreshRequired",
)
WRONG_CREDENTIALS = (
    "AuthFailure",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
)


def aws_call(doing: str, *, none_for: str | None = None, not_yet: str | None = None) -> Callable[[F], F]:
    """Decorate a function that makes one AWS call: throttling is retried, errors say what was being done.

    A function whose name begins like a read (`READS`), or that waits for something (`not_yet`), is more patient.
    `doing` may name the function's parameters in braces. An error with the code `none_for` means that
    the thing does not exist: the function then returns None. One with the code `not_yet` is retried like throttling.
    """

    def decorate(function: F) -> F:
        codes = [*MORE_THROTTLES, *([not_yet] if not_yet else [])]
        is_patient = bool(not_yet) or function.__name__.startswith(READS)
        patience = PATIENCE if is_patient else WRITE_PATIENCE
        backoff = AWSRetry.jittered_backoff(**patience, catch_extra_error_codes=codes)
        retried = backoff(function)

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


def credentials_problem(error: BaseException | None) -> str:
    """What is wrong with the caller's credentials, and the remedy; "" if the error is about something else.

    An error that was raised from another one is about the same thing.
    """
    cause = getattr(error, "exception", None) or error
    known = {type(cause).__name__, error_code(error)}
    if known.intersection(NO_CREDENTIALS):
        return f"there are no AWS credentials ({cause}): set AWS_PROFILE, or the options profile or access_key"
    if known.intersection(EXPIRED_CREDENTIALS):
        return f"the AWS credentials have expired ({cause}): renew them (aws sso login, or assume the role again)"
    if known.intersection(WRONG_CREDENTIALS):
        return f"AWS does not accept the credentials ({cause}): check the access key, its secret and the runner's clock"
    return credentials_problem(cause.__cause__) if cause is not None and cause.__cause__ else ""


def finish(module: Any, work: Callable[[], dict[str, Any]]) -> NoReturn:
    """Do a module's work and leave: the only place where results and errors become the module's answer."""
    try:
        result = work()
    except BlueGreenError as error:
        module.fail_json(msg=credentials_problem(error) or error.message, **error.details)
    except AnsibleAWSError as error:
        problem = credentials_problem(error)
        if problem:
            module.fail_json(msg=problem)
        module.fail_json_aws_error(error)
    module.exit_json(**with_timeout(result, module.params))
    raise SystemExit  # exit_json has left already; this tells the type checker
