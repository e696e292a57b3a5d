"""How files of public data sets are fetched."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from spikedrift.config.base import Location, Options

Address = Annotated[str, Field(pattern=r"^https?://\S+$")]


class Endpoints(Options):
    """Servers of the places; change them for tests, or for copies of your own."""

    s3: Address | None = Field(None, description="S3 server; null is the public one")
    dandi: Address = Field(
        "https://api.dandiarchive.org/api", description="root of the DANDI Archive's REST API"
    )
    warehouse: Address = Field(
        "http://api.brain-map.org", description="the Allen Institute's data warehouse"
    )


class FetchOptions(Options):
    """How files of public data sets are fetched: from the first place that has them whole."""

    order: list[Literal["mirror", "s3", "dandi", "https", "warehouse"]] = Field(
        ["mirror", "s3", "dandi", "https"],
        min_length=1,
        description="places in the order in which they are tried; those that do not know a file "
        "are passed over; `warehouse` needs the AllenSDK environment",
    )
    mirror: Location | None = Field(
        None,
        description="directory with files as `{data set}/{file}`; a relative one starts at the "
        "working directory",
    )
    timeout: float = Field(
        30.0, gt=0, description="longest wait for a connection and for the next bytes; s"
    )
    attempts: int = Field(
        5,
        ge=1,
        description="tries at one place before it is given up; a try that brings the download "
        "further than any before starts the count anew",
    )
    wait: float = Field(1.0, ge=0, description="wait before the second try, doubled each time; s")
    endpoints: Endpoints = Field(Endpoints(), description="servers of the places")

    @field_validator("order")
    @classmethod
    def _once(cls, order: list[str]) -> list[str]:
        for index, place in enumerate(order):
            if place in order[:index]:
                raise ValueError(f"{place!r} is named twice")
        return order
