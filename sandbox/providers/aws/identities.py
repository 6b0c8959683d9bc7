"""KMS keys and their names, IAM roles and their policies."""

import json

from sandbox.providers.aws.client import Aws
from sandbox.providers.aws.kinds import Kind, attempt, tag_list, tag_map
from sandbox.providers.values import Json, Obj, mapping, number, text

_DEFAULT_WINDOW = 30  # days, AWS's own


class Key(Kind):
    """aws:kms/key:Key, symmetric."""

    properties = frozenset({"description", "deletionWindowInDays", "enableKeyRotation", "policy", "tags", "region"})
    replaces = frozenset({"region"})

    def create(self, aws: Aws, inputs: Obj) -> str:
        """Makes the key and sets its rotation."""
        options: dict[str, Json] = {"Policy": inputs["policy"]} if "policy" in inputs else {}
        tags = tag_list(mapping(inputs, "tags"), "TagKey", "TagValue")
        key = text(aws.call("kms", "create_key", Description=text(inputs, "description"), Tags=tags, **options), "KeyMetadata", "KeyId")
        self._rotate(aws, key, inputs)
        return key

    def read(self, aws: Aws, resource_id: str) -> Obj | None:
        """Description, rotation, policy and tags. A key that waits for its deletion is gone."""
        found = attempt(aws, "kms", "describe_key", "NotFoundException", KeyId=resource_id)
        metadata = mapping(found, "KeyMetadata")
        if not metadata or text(metadata, "KeyState") == "PendingDeletion":
            return None
        tags = tag_map(aws.call("kms", "list_resource_tags", KeyId=resource_id), "Tags", "TagKey", "TagValue")
        return {
            "arn": text(metadata, "Arn"),
            "keyId": resource_id,
            "description": text(metadata, "Description"),
            "enableKeyRotation": aws.call("kms", "get_key_rotation_status", KeyId=resource_id).get("KeyRotationEnabled"),
            "policy": text(aws.call("kms", "get_key_policy", KeyId=resource_id, PolicyName="default"), "Policy"),
            "region": aws.region,
            "tags": tags,
            "tagsAll": tags,
        }

    def update(self, aws: Aws, resource_id: str, inputs: Obj) -> None:
        """Description, policy, rotation and tags."""
        aws.call("kms", "update_key_description", KeyId=resource_id, Description=text(inputs, "description"))
        if "policy" in inputs:
            aws.call("kms", "put_key_policy", KeyId=resource_id, PolicyName="default", Policy=inputs["policy"])
        self._rotate(aws, resource_id, inputs)
        wanted = mapping(inputs, "tags")
        old = tag_map(aws.call("kms", "list_resource_tags", KeyId=resource_id), "Tags", "TagKey", "TagValue")
        if gone := [key for key in old if key not in wanted]:
            aws.call("kms", "untag_resource", KeyId=resource_id, TagKeys=list[Json](gone))
        if wanted:
            aws.call("kms", "tag_resource", KeyId=resource_id, Tags=tag_list(wanted, "TagKey", "TagValue"))

    def delete(self, aws: Aws, resource_id: str, inputs: Obj) -> None:
        """Schedules the deletion: a key is never gone at once."""
        window = number(inputs, "deletionWindowInDays") or _DEFAULT_WINDOW
        aws.call("kms", "schedule_key_deletion", KeyId=resource_id, PendingWindowInDays=window)

    def _rotate(self, aws: Aws, key: str, inputs: Obj) -> None:
        on = inputs.get("enableKeyRotation") is True
        aws.call("kms", "enable_key_rotation" if on else "disable_key_rotation", KeyId=key)


class Alias(Kind):
    """aws:kms/alias:Alias."""

    properties = frozenset({"name", "targetKeyId", "region"})
    name_key = "name"
    replaces = frozenset({"name", "region"})

    def create(self, aws: Aws, inputs: Obj) -> str:
        """Names the key."""
        aws.call("kms", "create_alias", AliasName=inputs["name"], TargetKeyId=inputs["targetKeyId"])
        return text(inputs, "name")

    def read(self, aws: Aws, resource_id: str) -> Obj | None:
        """The key behind the name."""
        found = mapping(attempt(aws, "kms", "describe_key", "NotFoundException", KeyId=resource_id), "KeyMetadata")
        if not found:
            return None
        key, arn = text(found, "KeyId"), text(found, "Arn")
        return {
            "name": resource_id,
            "targetKeyId": key,
            "targetKeyArn": arn,
            "arn": arn.replace(f"key/{key}", resource_id),
            "region": aws.region,
        }

    def update(self, aws: Aws, resource_id: str, inputs: Obj) -> None:
        """Names another key."""
        aws.call("kms", "update_alias", AliasName=resource_id, TargetKeyId=inputs["targetKeyId"])

    def delete(self, aws: Aws, resource_id: str, inputs: Obj) -> None:  # noqa: ARG002 - the name is all it takes
        """Takes the name away."""
        aws.call("kms", "delete_alias", AliasName=resource_id)


class Role(Kind):
    """aws:iam/role:Role."""

    properties = frozenset({"name", "assumeRolePolicy", "description", "maxSessionDuration", "path", "tags"})
    name_key = "name"
    replaces = frozenset({"name", "path"})

    def create(self, aws: Aws, inputs: Obj) -> str:
        """Makes the role."""
        options: dict[str, Json] = {}
        for key, parameter in (("description", "Description"), ("maxSessionDuration", "MaxSessionDuration"), ("path", "Path")):
            if key in inputs:
                options[parameter] = inputs[key]
        aws.call(
            "iam",
            "create_role",
            RoleName=inputs["name"],
            AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
            Tags=tag_list(mapping(inputs, "tags")),
            **options,
        )
        return text(inputs, "name")

    def read(self, aws: Aws, resource_id: str) -> Obj | None:
        """Trust, description, limits and tags."""
        role = mapping(attempt(aws, "iam", "get_role", "NoSuchEntity", RoleName=resource_id), "Role")
        if not role:
            return None
        return {
            "name": resource_id,
            "arn": text(role, "Arn"),
            "uniqueId": text(role, "RoleId"),
            "assumeRolePolicy": json.dumps(role.get("AssumeRolePolicyDocument")),
            "description": text(role, "Description"),
            "maxSessionDuration": role.get("MaxSessionDuration"),
            "path": text(role, "Path"),
            "tags": tag_map(role, "Tags"),
            "tagsAll": tag_map(role, "Tags"),
        }

    def update(self, aws: Aws, resource_id: str, inputs: Obj) -> None:
        """Trust, description, limits and tags."""
        aws.call("iam", "update_assume_role_policy", RoleName=resource_id, PolicyDocument=inputs["assumeRolePolicy"])
        limit = number(inputs, "maxSessionDuration") or 3600
        aws.call("iam", "update_role", RoleName=resource_id, Description=text(inputs, "description"), MaxSessionDuration=limit)
        wanted = mapping(inputs, "tags")
        if gone := [key for key in tag_map(aws.call("iam", "list_role_tags", RoleName=resource_id), "Tags") if key not in wanted]:
            aws.call("iam", "untag_role", RoleName=resource_id, TagKeys=list[Json](gone))
        if wanted:
            aws.call("iam", "tag_role", RoleName=resource_id, Tags=tag_list(wanted))

    def delete(self, aws: Aws, resource_id: str, inputs: Obj) -> None:  # noqa: ARG002 - the name is all it takes
        """Removes the role; AWS refuses while it has policies."""
        aws.call("iam", "delete_role", RoleName=resource_id)


class RolePolicy(Kind):
    """aws:iam/rolePolicy:RolePolicy. Its id is role:name."""

    properties = frozenset({"name", "role", "policy"})
    name_key = "name"
    replaces = frozenset({"name", "role"})

    def create(self, aws: Aws, inputs: Obj) -> str:
        """Puts the policy on the role."""
        resource_id = f"{text(inputs, 'role')}:{text(inputs, 'name')}"
        self.update(aws, resource_id, inputs)
        return resource_id

    def read(self, aws: Aws, resource_id: str) -> Obj | None:
        """The policy's document."""
        role, _, name = resource_id.partition(":")
        found = attempt(aws, "iam", "get_role_policy", "NoSuchEntity", RoleName=role, PolicyName=name)
        return None if found is None else {"role": role, "name": name, "policy": json.dumps(found.get("PolicyDocument"))}

    def update(self, aws: Aws, resource_id: str, inputs: Obj) -> None:
        """Puts the document."""
        role, _, name = resource_id.partition(":")
        aws.call("iam", "put_role_policy", RoleName=role, PolicyName=name, PolicyDocument=inputs["policy"])

    def delete(self, aws: Aws, resource_id: str, inputs: Obj) -> None:  # noqa: ARG002 - the id is all it takes
        """Takes the policy off the role."""
        role, _, name = resource_id.partition(":")
        aws.call("iam", "delete_role_policy", RoleName=role, PolicyName=name)
