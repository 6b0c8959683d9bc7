"""``python -m sandbox.cluster.s3``: the S3, IAM, KMS and STS API of an instance, which is moto, with one thing put right.

moto does not look at the condition of a statement that denies: "nobody without TLS" would be "nobody". What is asked for over the wire
of one machine counts as safe here, so such a statement says nothing.
"""

from collections.abc import Callable
from typing import Protocol, cast

from moto import server
from moto.iam import access_control


class _Statement(Protocol):
    """The part of moto's statement of a policy that we read."""

    _statement: dict[str, object]


_Judge = Callable[..., access_control.PermissionResult]


def with_conditions(judge: _Judge) -> _Judge:
    """The judgement of a statement, but for one that denies under a condition."""

    def judged(statement: _Statement, *arguments: object, **named: object) -> access_control.PermissionResult:
        content = statement._statement  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - moto has no other way to it
        if content.get("Effect") == "Deny" and "Condition" in content:
            return access_control.PermissionResult.NEUTRAL
        return judge(statement, *arguments, **named)

    return judged


def main() -> None:
    """Serve, with the command line of ``moto_server``."""
    access_control.IAMPolicyStatement.is_action_permitted = with_conditions(  # pyright: ignore[reportAttributeAccessIssue]
        cast(_Judge, access_control.IAMPolicyStatement.is_action_permitted)
    )
    server.main()


if __name__ == "__main__":
    main()
