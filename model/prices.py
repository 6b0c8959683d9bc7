"""What things cost: the dated price table of ``configs/prices.yaml``, in dollars."""

from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import Field

from model.base import Model
from model.documents import read
from model.logs import Region
from model.validation import validate

FILE = "configs/prices.yaml"
HOURS_A_MONTH = 730
"""365 days of 24 hours by 12, as AWS reckons."""

Price = Annotated[float, Field(ge=0)]
"""Dollars."""


class Prices(Model):
    """Unit prices at a place and a day."""

    date: date
    """The day they were looked up for."""

    region: Region
    cpu_core_hour: Price
    """One requested core for an hour."""

    memory_gib_hour: Annotated[Price, Field(alias="memoryGiBHour")]
    """One requested GiB of memory for an hour."""

    volume_gib_month: Annotated[Price, Field(alias="volumeGiBMonth")]
    s3_standard_gib_month: Annotated[Price, Field(alias="s3StandardGiBMonth")]
    s3_infrequent_gib_month: Annotated[Price, Field(alias="s3InfrequentGiBMonth")]
    s3_put_thousand: Price
    load_balancer_hour: Price
    load_balancer_unit_hour: Price
    """One capacity unit of a load balancer for an hour."""


def read_prices(root: Path) -> Prices:
    """The price table of the project in ``root``. Raises InvalidConfiguration."""
    document = read(root, FILE)
    return validate(Prices, document.content, file=document.file)
