"""What every model shares: closed, frozen, camelCase on disk and snake_case in code."""

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Model(BaseModel):
    """A value read from a file that people edit. Unknown keys are refused, fields cannot be changed after loading."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=to_camel, validate_by_alias=True, validate_by_name=True, use_attribute_docstrings=True
    )
