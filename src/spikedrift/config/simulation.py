"""Options of how a model becomes a program: time step, backend, compiler."""

from typing import Literal

from pydantic import Field

from spikedrift.config.base import Options


class Simulation(Options):
    """How a model becomes a program."""

    dt: float = Field(default=0.0002, gt=0, le=0.001, description="time step; s")
    backend: Literal["cpp", "cuda", "auto"] = Field(
        default="cpp",
        description=(
            "C++ or CUDA (docs/gpu.md); auto takes CUDA where there is a GPU and the batch is large"
        ),
    )
    architecture: float | None = Field(
        default=None,
        ge=6,
        description="compute capability that CUDA is compiled for; null: that of the GPU here",
    )
    march: str = Field(
        default="x86-64-v2",
        pattern=r"^[A-Za-z0-9_.+-]*$",
        description=(
            "instruction set the compiler may use on x86-64 (-march; ignored elsewhere): a named "
            "level travels between machines, `native` does not; empty for the compiler's default"
        ),
    )
    threads: int = Field(
        default=1,
        gt=0,
        description=(
            "threads of one simulation (OpenMP, cpp); they wait for each other many times per time "
            "step, and did not pay at 5,000 cells: give the cores to jobs instead"
        ),
    )
    jobs: int = Field(default=2, gt=0, description="compilers that run at once while building")
