"""A service in a process of its own, to be measured or killed."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

GRADER = [sys.executable, "-m", "grader"]
SAMPLE_SECONDS = 2.0


class ServiceUnderTest:
    """`grader serve` in a folder of its own, on a port that stays the same over restarts."""

    def __init__(self, course: Path, data: Path, options: Sequence[str]) -> None:
        """Start it. `seconds_to_listen` says how long that took."""
        self.data, self.port = data, 0
        self._command = [*GRADER, "--course", str(course), "serve", "--data", str(data), "--log-format", "json"]
        self._options = list(options)
        self._log = data.with_name("log.jsonl")
        began = time.monotonic()
        self.start()
        self.seconds_to_listen = time.monotonic() - began

    def start(self) -> None:
        """Start the process, and wait until it listens. Raises RuntimeError where it does not."""
        command = [*self._command, "--port", str(self.port), *self._options]
        with self._log.open("a") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self.process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:(\d+)", self.process.stdout.readline())
        if found is None:
            raise RuntimeError(f"the service did not start: {self._log.read_text()[-2000:]}")
        self.port = int(found[1])

    def kill(self) -> None:
        """End it as a crash of the machine would, and wait for its end."""
        self.process.kill()
        self.process.communicate()

    def stop(self) -> None:
        """End it in order."""
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate()

    def create_tokens(self, students: int) -> list[str]:
        """Return a token for each student of a new class."""
        roster = self.data.with_name("roster.csv")
        roster.write_text("id\n" + "".join(f"student{number}\n" for number in range(students)), encoding="utf-8")
        command = [*GRADER, "token", "create", "--all", str(roster), "--data", str(self.data)]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return [line.partition(",")[2] for line in printed.splitlines()[1:]]

    def read_acknowledgements(self) -> list[float]:
        """Return the seconds from the first byte of each accepted upload to its acknowledgement, by the log."""
        return [
            event["milliseconds"] / 1000
            for event in map(json.loads, filter(None, self._log.read_text().splitlines()))
            if event.get("route") == "api_hand_in" and event.get("status") == 202
        ]


class Killer(threading.Thread):
    """Kills the service or one of its processes at random moments, and starts the service again."""

    def __init__(self, service: ServiceUnderTest, kills: int, seconds: tuple[float, float] = (0.5, 6.0)) -> None:
        super().__init__(daemon=True)
        self.service, self.kills, self.seconds = service, kills, seconds
        self.draw = random.Random(kills)
        self.killed: list[str] = []

    def run(self) -> None:
        """Kill as often as was asked for."""
        for _ in range(self.kills):
            time.sleep(self.draw.uniform(*self.seconds))
            workers = list_family(self.service.process.pid)[1:]
            if workers and self.draw.random() < 0.3:
                try:
                    os.kill(self.draw.choice(workers), signal.SIGKILL)
                    self.killed.append("worker")
                    continue
                except ProcessLookupError:
                    pass  # it has ended by itself: then the service is killed
            self.service.kill()
            self.killed.append("service")
            self.service.start()


@dataclass
class Needs:
    """The memory of a service and all that it started, with shared pages once; and the service's own CPU time."""

    service: ServiceUnderTest
    peak: int = 0
    service_peak: int = 0
    service_seconds: float = 0.0
    seconds_before: float = 0.0
    _ended: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        """Measure until it is ended; the CPU time of the start does not count."""
        self.seconds_before = read_cpu_seconds(self.service.process.pid)
        while not self._ended.wait(SAMPLE_SECONDS):
            root = self.service.process.pid
            self.peak = max(self.peak, sum(map(read_memory, list_family(root))))
            self.service_peak = max(self.service_peak, read_memory(root))
            self.service_seconds = max(self.service_seconds, read_cpu_seconds(root))

    def end(self) -> None:
        """Measure no more."""
        self._ended.set()


def list_family(root: int) -> list[int]:
    """Return a process and all that it started, and so on."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:  # it has just ended
                continue
            parents.setdefault(parent, []).append(int(entry.name))
    family = [root]
    for each in family:
        family += parents.get(each, [])
    return family


def read_memory(process: int) -> int:
    """Return the memory of a process in bytes, with its share of what it has in common with others."""
    try:
        text = Path(f"/proc/{process}/smaps_rollup").read_text()
    except OSError:  # it has just ended
        return 0
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def read_cpu_seconds(process: int) -> float:
    """Return the CPU time that a process has used, without the processes that it started; 0 where it has ended."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
