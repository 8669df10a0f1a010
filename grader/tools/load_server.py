"""Have a whole class hand in to a service within a minute, and watch how it copes.

`python -m grader.tools.load_server a2_rnn solutions/a2_rnn/rnn.py --students 300 --seconds 60`

It starts a service in a folder of its own. Each student uploads one file at a random moment and then waits for the
feedback as the page does, by server-sent events. Other work on the machine counts: the load is printed.
"""

import argparse
import http.client
import json
import os
import random
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

GRADER = [sys.executable, "-m", "grader"]
PATIENCE = 3600.0
SAMPLE_SECONDS = 2.0
BOUNDARY = "a-boundary-of-the-load-script"


@dataclass(frozen=True)
class HandIn:
    """The outcome of one upload; times are in seconds."""

    acknowledged: float
    feedback: float
    status: str


@dataclass
class Needs:
    """The memory of a service and all that it started, with shared pages once; and the service's own CPU time."""

    root: int
    peak: int = 0
    service_peak: int = 0
    service_seconds: float = 0.0
    _ended: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        """Measure until it is ended."""
        while not self._ended.wait(SAMPLE_SECONDS):
            family = list_family(self.root)
            self.peak = max(self.peak, sum(map(read_memory, family)))
            self.service_peak = max(self.service_peak, read_memory(self.root))
            self.service_seconds = read_cpu_seconds(self.root)

    def end(self) -> None:
        """Measure no more."""
        self._ended.set()


def main() -> int:
    """Print what was measured, and return 1 where an upload was not graded."""
    parser = argparse.ArgumentParser(description="How does a service cope with a whole class at once?")
    parser.add_argument("assignment")
    parser.add_argument("file", type=Path, help="what every student hands in, with a comment of their own")
    parser.add_argument("--course", type=Path, default=Path())
    parser.add_argument("--students", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=60.0, help="the uploads are spread over so long")
    parser.add_argument("--serve", default="", help="options of `grader serve`, such as --serve='--jobs 2'")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "data")
        command = [*GRADER, "--course", str(options.course), "serve", "--data", str(data), "--port", "0"]
        service = subprocess.Popen([*command, *shlex.split(options.serve)], stdout=subprocess.PIPE, text=True)
        needs = Needs(service.pid)
        try:
            assert service.stdout is not None
            found = re.search(r"http://([\d.]+):(\d+)", service.stdout.readline())
            if found is None:
                print("the service did not start", file=sys.stderr)
                return 1
            tokens = create_tokens(data, options.students)
            threading.Thread(target=needs.watch, daemon=True).start()
            rush = Rush(found[1], int(found[2]), options.assignment, options.file.read_bytes())
            hand_ins, took = rush.run(tokens, options.seconds)
        finally:
            needs.end()
            service.send_signal(signal.SIGTERM)
            service.wait()
    return describe(hand_ins, took, needs)


def create_tokens(data: Path, students: int) -> list[str]:
    """Return a token for each student of a new class."""
    roster = data.with_name("roster.csv")
    roster.write_text("id\n" + "".join(f"student{number}\n" for number in range(students)), encoding="utf-8")
    command = [*GRADER, "token", "create", "--all", str(roster), "--data", str(data)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [line.partition(",")[2] for line in printed.splitlines()[1:]]


@dataclass(frozen=True)
class Rush:
    """A class that hands in to a service."""

    host: str
    port: int
    assignment: str
    text: bytes

    def run(self, tokens: list[str], seconds: float) -> tuple[list[HandIn], float]:
        """Return what became of each upload, and how long everything took."""
        draw = random.Random(0)
        began = time.monotonic()
        moments = [began + draw.uniform(0, seconds) for _ in tokens]
        with ThreadPoolExecutor(len(tokens)) as people:
            hand_ins = list(people.map(self.hand_in, tokens, moments))
        return hand_ins, time.monotonic() - began

    def hand_in(self, token: str, moment: float) -> HandIn:
        """Hand in at that moment and wait for the feedback."""
        time.sleep(max(0.0, moment - time.monotonic()))
        began = time.monotonic()
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="work.py"\r\n\r\n'
        # Different for each student, so that nothing is found again.
        body = head.encode() + self.text + f"\n# {token[:8]}\r\n--{BOUNDARY}--\r\n".encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        reply = self.ask("POST", f"/api/v1/assignments/{self.assignment}/submissions", token, body, kind)
        answer = json.loads(reply.read())
        acknowledged = time.monotonic() - began
        if reply.status != 202:
            return HandIn(acknowledged, acknowledged, f"{reply.status}: {answer['detail']}")
        state = {"status": "no answer"}
        for line in self.ask("GET", f"/submissions/{answer['id']}/events", token):
            if line.startswith(b"data: "):
                state = json.loads(line.removeprefix(b"data: "))
        return HandIn(acknowledged, time.monotonic() - began, state["status"])

    def ask(
        self, method: str, path: str, token: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> http.client.HTTPResponse:
        """Return the answer to a request on a connection of its own."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE)
        connection.request(method, path, body, {"Authorization": f"Bearer {token}", **(headers or {})})
        return connection.getresponse()


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
    """Return the CPU time that a process has used, without the processes that it started."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def describe(hand_ins: list[HandIn], took: float, needs: Needs) -> int:
    """Print the figures, and return 1 where an upload was not graded."""
    states = Counter(each.status for each in hand_ins)
    print(f"{len(hand_ins)} uploads, everything in {took:.0f} s; load {' '.join(f'{x:.1f}' for x in os.getloadavg())}")
    for name, times, shares in (
        ("acknowledged", [each.acknowledged for each in hand_ins], (50, 95, 99, 100)),
        ("feedback", [each.feedback for each in hand_ins], (50, 95, 100)),
    ):
        print(f"{name}: " + ", ".join(f"p{share} {find_percentile(times, share):.2f} s" for share in shares))
    print(", ".join(f"{state}: {count}" for state, count in states.items()))
    print(f"memory: {needs.peak / 1e6:.0f} MB at most, of it the service's own process {needs.service_peak / 1e6:.0f}")
    each = 1000 * needs.service_seconds / len(hand_ins)
    print(f"CPU time of the service's own process: {needs.service_seconds:.1f} s, {each:.0f} ms for each upload")
    return 0 if states["graded"] == len(hand_ins) else 1


def find_percentile(values: list[float], share: float) -> float:
    """Return the value that a share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * int(share) // 100) - 1)]


if __name__ == "__main__":
    sys.exit(main())
