"""Millions of competences through ``pvog_bereitstelldienst`` into SQLite, rebuild included.

A generator in a process of its own answers like the Bereitstelldienst (v2 envelopes with XZuFi inside):
authorities, online services, descriptions, then competences in an order without any pattern, about 2.7 for
each cell of (service, municipality), as PVOG has. All names say that they are synthetic. The product brings
them in by its own ways: HTTP, ledger, parse process, acceptance, T1; then rebuild and T2; then once more,
which must cost one request.

Peak memory is the resident set of each process (the kernel's own figure for children that ended, sampled for
the others). ``--limit-mb`` is what each of them may have.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import resource
import shutil
import signal
import tempfile
import threading
import time
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench._feed import regions
from bench._measure import table

if TYPE_CHECKING:
    from syncd.pipeline.ports import StagedSnapshot
    from syncd.pipeline.workers import ParseJob, ParseWorker
    from syncd.settings.config import Config

PATH = "/bereitstelldienst/api/v2/verwaltungsobjekte"
AGENCY = "S999999"
MUNICIPALITIES = 10_700
OFFICES = 5
"""Authorities of one municipality."""
# 2.67 competences per cell: all have an authority and an online service, two in three a contact.
OF_A_CELL = 8 / 3
BLOCK = 10_000
_HEAD = '<?xml version="1.0" encoding="UTF-8"?><x:xzufi.uebertragung xmlns:x="http://xoev.de/schemata/xzufi/2_2_0">'
_TAIL = "</x:xzufi.uebertragung>"


class Stock:
    """The whole stock of a size, as blocks that can be asked for by index; nothing of it is kept."""

    def __init__(self, competences: int) -> None:
        """Lay out services over municipalities: a twentieth of them everywhere, the others in a tenth."""
        self.areas = regions(MUNICIPALITIES)
        cells = max(1, int(competences / OF_A_CELL))
        wide = max(1, cells // 3 // len(self.areas))
        tenth = len(self.areas) // 10
        narrow = max(1, (cells - wide * len(self.areas)) // tenth)
        self.services = wide + narrow
        self.starts = [0]
        for number in range(self.services):
            self.starts.append(self.starts[-1] + (len(self.areas) if number < wide else tenth))
        self.cells = self.starts[-1]
        self.competences = competences
        # A step without a common divisor visits each number once, far from the one before.
        self.step = 4_294_967_291
        self.objects = len(self.areas) * OFFICES + self.services * 2
        self.total = self.objects + competences

    def block(self, index: int) -> tuple[str, int]:
        """Return the XZuFi of the block that begins at an index, and where the next one begins."""
        end = min(index + BLOCK, self.total)
        return _HEAD + "".join(self._item(number) for number in range(index, end)) + _TAIL, end

    def _item(self, number: int) -> str:
        offices = len(self.areas) * OFFICES
        if number < offices:
            return _authority(number)
        number -= offices
        if number < self.services:
            return _online(number)
        number -= self.services
        if number < self.services:
            return _service(number)
        return self._competence((number - self.services) * self.step % self.competences)

    def _competence(self, number: int) -> str:
        which, cell = divmod(number, self.cells)
        if which == 2:
            cell = cell * 3 // 2 % self.cells
        service = bisect_right(self.starts, cell) - 1
        place = (cell - self.starts[service]) * (1 if self._is_wide(service) else 7) + service
        place %= len(self.areas)
        office = place * OFFICES + service % OFFICES
        area = self.areas[place]
        if which == 1:
            return _transfer(number, service, ("Onlinedienst", service), area, "")
        role = "03" if which == 2 else "01"
        told = f"<x:rolle><code>{role}</code></x:rolle>"
        return _transfer(number, service, ("Organisationseinheit", office), area, told)

    def _is_wide(self, service: int) -> bool:
        return self.starts[service + 1] - self.starts[service] == len(self.areas)


def _transfer(number: int, service: int, by: tuple[str, int], area: str, role: str) -> str:
    owner, owner_id = by
    return (
        "<x:schreibe><x:zustaendigkeitTransferObjekt>"
        f'<x:uebergeordnetesObjektID schemeAgencyID="{AGENCY}" schemeID="{owner}">{owner_id}'
        f'</x:uebergeordnetesObjektID><x:zustaendigkeit><x:id schemeAgencyID="{AGENCY}" '
        f'schemeID="Zustaendigkeit{owner}">{number}</x:id><x:leistungID schemeAgencyID="{AGENCY}">{service}'
        f"</x:leistungID><x:gebietID>{area}</x:gebietID>{role}</x:zustaendigkeit>"
        "</x:zustaendigkeitTransferObjekt></x:schreibe>"
    )


def _authority(number: int) -> str:
    return (
        f'<x:schreibe><x:organisationseinheit><x:id schemeAgencyID="{AGENCY}">{number}</x:id><x:name>'
        f'<x:name languageCode="de">Amt {number % OFFICES} (synthetisch) von {number // OFFICES}</x:name>'
        f"</x:name><x:internetadresse><uri>https://amt.example/{number}</uri></x:internetadresse>"
        "</x:organisationseinheit></x:schreibe>"
    )


def _online(number: int) -> str:
    return (
        f'<x:schreibe><x:onlinedienst><x:id schemeAgencyID="{AGENCY}">{number}</x:id>'
        f'<x:bezeichnung languageCode="de">Synthetischer Dienst {number}</x:bezeichnung>'
        f"<x:link><typ>x</typ><link>https://antrag.example/{number}</link></x:link></x:onlinedienst></x:schreibe>"
    )


def _service(number: int) -> str:
    key = f"99{number % 900 + 1:03}{number // 900 % 900 + 1:03}001000"
    return (
        f'<x:schreibe><x:leistung><x:id schemeAgencyID="{AGENCY}">{number}</x:id>'
        f"<x:referenzLeiKa><code>{key}</code></x:referenzLeiKa>"
        "<x:modulText><x:leikaTextmodul><code>03</code></x:leikaTextmodul>"
        f'<x:inhalt languageCode="de">Synthetische Leistung {number}</x:inhalt></x:modulText>'
        "<x:modulText><x:leikaTextmodul><code>05</code></x:leikaTextmodul>"
        f'<x:inhalt languageCode="de">{"Ein synthetischer Text. " * 20}</x:inhalt></x:modulText>'
        "</x:leistung></x:schreibe>"
    )


# --- the portal ---------------------------------------------------------------------------------------------
@contextmanager
def portal(stock: Stock, counter: Path) -> Iterator[str]:
    """Answer from a process of its own; yields the base address. ``counter`` gets a byte per request."""
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
    from urllib.parse import parse_qs, urlsplit

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            with counter.open("ab") as file:
                file.write(b".")
            index = int(parse_qs(urlsplit(self.path).query)["index"][0])
            xml, end = stock.block(index) if index < stock.total else ("", index)
            body = {
                "naechsterIndex": end,
                "naechsteAnfrageUrl": f"{PATH}?index={end}&ars=%25",
                "xzufiObjekte": xml or None,
                "vollstaendig": end >= stock.total,
            }
            answer = gzip.compress(json.dumps(body).encode(), 1)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    child = os.fork()
    if child == 0:
        try:
            server.serve_forever()
        finally:
            os._exit(1)
    server.socket.close()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


# --- measuring ----------------------------------------------------------------------------------------------
class Watch:
    """Samples the peak resident set of child processes by what they are."""

    def __init__(self) -> None:
        """Start to look, four times a second."""
        self.peaks: dict[str, int] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._ended.wait(0.25):
            for entry in Path("/proc").iterdir():
                if entry.name.isdecimal():
                    self._note(entry)

    def _note(self, entry: Path) -> None:
        try:
            line = (entry / "cmdline").read_bytes()
            status = (entry / "status").read_text()
        except OSError:
            return
        if b"syncd.fetching.worker" in line and f"\nPPid:\t{os.getpid()}\n" in status:
            peak = next(int(row.split()[1]) for row in status.splitlines() if row.startswith("VmHWM:"))
            self.peaks["worker"] = max(self.peaks.get("worker", 0), peak // 1024)

    def end(self) -> None:
        """Stop looking."""
        self._ended.set()
        self._thread.join()


def _config(folder: Path, address: str) -> Config:
    from syncd.settings.load import load_config

    own = folder / "config"
    if not own.exists():
        shutil.copytree(Path(__file__).parent.parent / "config", own)
        for file in (own / "sources").glob("*.toml"):
            file.unlink()
        (own / "sources" / "bench.toml").write_text(
            'id = "bench"\ntitle = "Synthetic stock"\nconnector = "pvog_bereitstelldienst"\n'
            'interval = "1h"\nstale_after = "48h"\n'
            '[scope]\nareas = ["00"]\n'
            f'[settings]\nbase_url = "{address}"\nversion = "v2"\n'
            '[limits]\nallow_private = true\nmax_documents = 100000\nmax_run_bytes = "40 GB"\n'
            'run_timeout = "6h"\nparse_timeout = "6h"\n',
            encoding="utf-8",
        )
    return load_config(own, {"daemon.data_dir": f'"{folder / "data"}"'})


async def _run(folder: Path, address: str, counter: Path, nice: int) -> list[tuple[object, ...]]:
    from syncd.bootstrap.application import build_application

    rows: list[tuple[object, ...]] = []
    async with build_application(_config(folder, address), serving=False) as application:
        application.ingest.worker = _TimedWorker(_worker(nice), rows)
        for name in ("first pull", "rebuild", "second pull"):
            asked, began, spent = _size(counter), time.perf_counter(), _cpu()
            if name == "rebuild":
                release = await application.rebuild()
                said = str(release.counts if release else None)
            else:
                run = await application.sync("bench", trigger="bench")
                said = f"{run.outcome}: {run.reason}"
            requests = _size(counter) - asked
            rows.append((name, time.perf_counter() - began, _cpu() - spent, requests, said))
            print(*rows[-1], flush=True)
    return rows


def _worker(nice: int) -> ParseWorker:
    from syncd.fetching.staging import SubprocessParseWorker

    return SubprocessParseWorker(nice=nice)


@dataclass
class _TimedWorker:
    """The product's parse worker, timed; its process is a child, so its cost is known when it has ended."""

    worker: ParseWorker
    rows: list[tuple[object, ...]]

    async def stage(self, job: ParseJob) -> StagedSnapshot:
        began, spent = time.perf_counter(), _cpu()
        staged = await self.worker.stage(job)
        wall, cpu = time.perf_counter() - began, _cpu() - spent
        self.rows.append(("  of it in the parse worker", wall, cpu, "", f"{staged.received} records"))
        print(*self.rows[-1], flush=True)
        return staged


def _size(path: Path) -> int:
    return path.stat().st_size


def _cpu() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def main() -> None:
    """Run it and say whether the limits were kept."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--competences", type=int, default=200_000)
    arguments.add_argument("--limit-mb", type=int, default=500)
    arguments.add_argument("--folder", type=Path, default=None, help="where to work")
    arguments.add_argument("--nice", type=int, default=10, help="niceness of the parse worker (product: 10)")
    options = arguments.parse_args()
    stock = Stock(options.competences)
    print(
        f"{stock.competences:,} competences, {stock.cells:,} cells, {stock.services:,} services,"
        f" {len(stock.areas) * OFFICES:,} authorities",
        flush=True,
    )
    with tempfile.TemporaryDirectory(prefix="syncd-bench-", dir=options.folder) as name:
        folder = Path(name)
        counter = folder / "requests"
        counter.touch()
        with portal(stock, counter) as address:
            watch = Watch()
            rows = asyncio.run(_run(folder, address, counter, options.nice))
            watch.end()
        table(("phase", "wall s", "cpu s", "requests", "said"), rows)
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"peak memory: daemon {own} MiB, parse worker {watch.peaks.get('worker', 0)} MiB")
        for path in sorted((folder / "data").rglob("*.sqlite3")):
            print(f"{path.relative_to(folder)}: {path.stat().st_size / 2**20:,.0f} MiB")
    if max(own, watch.peaks.get("worker", 0)) > options.limit_mb or rows[-1][3] != 1:
        raise SystemExit("a limit was not kept")


if __name__ == "__main__":
    main()
