"""How files of public data sets come in."""

from pydantic import Field

from spikedrift.config.base import Options


class FetchOptions(Options):
    """How files of public data sets come in: from a mirror first, then from their address."""

    mirror: str | None = Field(
        None,
        description="directory with files as `{data set}/{file}`, taken before the network; a "
        "relative one starts at the working directory",
    )
    timeout: float = Field(30.0, gt=0, description="longest wait for the next bytes; s")
    attempts: int = Field(5, ge=1, description="tries of a download before it is given up")
    wait: float = Field(1.0, ge=0, description="wait before the second try, doubled each time; s")
