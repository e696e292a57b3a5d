"""Files of public data sets that a configuration needs, and those of them that are missing.

The module imports nothing that takes long, since Snakemake reads it at every start.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from spikedrift.config.fetch import FetchOptions
from spikedrift.core.errors import missing, unknown
from spikedrift.fetch.registry import DataFile, find, read_registry
from spikedrift.plan.outputs import Output, output


class Downloads:
    """Files of public data sets that recordings need.

    Parameters
    ----------
    options : FetchOptions
    of_recording : mapping of recording -> sequence of (data set, file)
        In the order of the configuration.
    registry : Path
        Table of the registered files.
    folder : Path
        Where the files are, or will be.

    Attributes
    ----------
    files : dict of DataFile, by `{data set}/{file}`

    Raises
    ------
    InputError
        For a mirror that does not exist, or a data set or file that is not registered.
    """

    def __init__(
        self,
        options: FetchOptions,
        of_recording: Mapping[str, Sequence[tuple[str, str]]],
        registry: Path,
        folder: Path,
    ) -> None:
        self._options, self._registry, self._folder = options, registry, folder
        if options.mirror is not None and not Path(options.mirror).is_dir():
            raise missing("config: fetch.mirror", options.mirror, what="directory")
        self.files: dict[str, DataFile] = {}
        rows = read_registry(registry)
        for index, pairs in enumerate(of_recording.values()):
            for dataset, file in pairs:
                known = {row.file for row in rows if row.dataset == dataset}
                if not known:
                    raise unknown(
                        f"config: recordings[{index}].options.dataset: unknown data set",
                        dataset,
                        {row.dataset for row in rows},
                    )
                row = find(rows, dataset, file)
                if row is None:
                    raise unknown(
                        f"config: recordings[{index}].options: no file of {dataset}:", file, known
                    )
                self.files[f"{dataset}/{file}"] = row

    @property
    def made(self) -> list[Output]:
        """All files, including those that are already there."""
        return [fetched(name) for name in self.files]

    @property
    def missing(self) -> list[str]:
        """Names, `{data set}/{file}`, of the files that are not there yet.

        Only these have a rule: files of gigabytes are fetched once, and not again because the
        download engine changed.
        """
        return [name for name in self.files if not Path(self._folder, name).is_file()]

    @property
    def links(self) -> list[Output]:
        """Table of the warehouse's links, if a file may have to come from there."""
        return [output("warehouse_links.links")] * bool(self.in_warehouse())

    def in_warehouse(self) -> list[list[str]]:
        """[data set, file, warehouse address] of the files that may come from the warehouse."""
        if "warehouse" not in self._options.order:
            return []
        return [
            [row.dataset, row.file, address]
            for row in self.files.values()
            for address in row.at("warehouse")
        ]

    def received(self, wildcards: Any, output: Any) -> list[list[Any]]:
        """[data set, file, bytes received so far] of the files that are not there yet.

        It takes `output`, as the two below do, so that Snakemake does not compare it between runs:
        files must not be fetched again because less is left to fetch or a time-out changed.
        """
        del wildcards, output
        found = []
        for name in self.missing:
            part = Path(self._folder, f"{name}.part")
            size = part.stat().st_size if part.is_file() else 0
            found.append([self.files[name].dataset, self.files[name].file, size])
        return found

    def table(self, wildcards: Any, output: Any) -> str:
        """Path of the data registry."""
        del wildcards, output
        return str(self._registry)

    def options(self, wildcards: Any, output: Any) -> dict[str, Any]:
        """Block `fetch` of the configuration."""
        del wildcards, output
        return self._options.model_dump(mode="json")


def fetched(name: str) -> Output:
    """File of a public data set, `{data set}/{file}`."""
    return output("fetch_file.file", raw_file=name)
