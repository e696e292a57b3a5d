"""Ask the Allen warehouse where files can be downloaded, and how long they are.

A file is named by `warehouse://ATTACHABLE_TYPE/FILE_TYPE/ID`, as the data registry does:
`warehouse://EcephysSession/EcephysNwb/715093703`. What is wanted comes on standard input, as a JSON
list of [dataset, file, warehouse address]. The table has the columns dataset, file, url and bytes
(empty where the server does not say).
"""

import argparse
import csv
import json
import re
import sys
from collections import defaultdict
from pathlib import Path

import requests
from program import Failure, logger, network, replacing, run, server

ADDRESS = re.compile(r"warehouse://(\w+)/(\w+)/(\d+)")
AT_ONCE = 50  # ids a query: its address stays short


def links(wanted: list[tuple[str, str, str]], warehouse: str) -> list[dict[str, str]]:
    """Rows of the table, in the order of what is wanted.

    Raises
    ------
    Failure
        For an address that is none, or a file that the warehouse does not have.
    """
    from allensdk.brain_observatory.ecephys.ecephys_project_api.rma_engine import (
        RmaEngine,
        RmaRequestError,
    )

    scheme, host = server(warehouse)
    engine = RmaEngine(scheme=scheme, host=host)
    asked: dict[tuple[str, str], list[str]] = defaultdict(list)
    for dataset, file, address in wanted:
        if (match := ADDRESS.fullmatch(address)) is None:
            raise Failure(f"{dataset}/{file}: {address} is not warehouse://type/file type/id")
        asked[match[1], match[2]].append(match[3])
    found: dict[str, str] = {}
    for (kind, file_type), ids in asked.items():
        for first in range(0, len(ids), AT_ONCE):
            some = ",".join(ids[first : first + AT_ONCE])
            query = (
                f"criteria=model::WellKnownFile,rma::criteria"
                f",well_known_file_type[name$eq'{file_type}']"
                f"[attachable_type$eq'{kind}'][attachable_id$in{some}]"
            )
            try:
                rows = engine.get_rma_list(query)
            except RmaRequestError as error:
                raise Failure(f"{warehouse} refuses to look for {file_type}: {error}") from error
            for row in rows:
                address = f"warehouse://{kind}/{file_type}/{row['attachable_id']}"
                found[address] = f"{scheme}://{host}/{row['download_link'].lstrip('/')}"
    table = []
    for dataset, file, address in wanted:
        if address not in found:
            raise Failure(f"{warehouse} has no {address}, which {dataset}/{file} would come from")
        size = length(found[address])
        logger.info("%s/%s: %s, %s bytes", dataset, file, found[address], size or "unknown")
        table.append({"dataset": dataset, "file": file, "url": found[address], "bytes": size})
    return table


def length(url: str) -> str:
    """Length of a file as its server gives it; empty where it does not."""
    header = {"Accept-Encoding": "identity"}
    try:
        answer = requests.head(url, headers=header, allow_redirects=True)
    except requests.HTTPError:  # a server need not answer HEAD
        return ""
    return answer.headers.get("Content-Length", "")


def main() -> None:
    """Write the table of links."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    parser.add_argument("--warehouse", default="http://api.brain-map.org", help="address")
    parser.add_argument("--timeout", type=float, default=60.0, help="wait for the next bytes; s")
    parser.add_argument("--limit", type=float, default=3600.0, help="longest time in all; s")
    given = parser.parse_args()
    wanted = [tuple(row) for row in json.load(sys.stdin)]
    with network(given.warehouse, given.timeout, given.limit):
        table = links(wanted, given.warehouse)
    with replacing(given.output) as temporary, temporary.open("w", newline="") as stream:
        writer = csv.DictWriter(
            stream, ("dataset", "file", "url", "bytes"), delimiter="\t", lineterminator="\n"
        )
        writer.writeheader()
        writer.writerows(table)


if __name__ == "__main__":
    run(main)
