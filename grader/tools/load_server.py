"""Have a whole class hand in to a service within a minute, and watch how it copes.

`python -m grader.tools.load_server a2_rnn solutions/a2_rnn/rnn.py --students 300 --seconds 60`

It starts a service in a folder of its own. Each student uploads one file at a random moment and then waits for the
feedback as the page does, by server-sent events. With `--kills 20` the service, or one of its processes, is killed as
often meanwhile. With `--apart` each student waits for the one before: the first of them shows how long a fresh start
takes. Other work on the machine counts: the load is printed.
"""

import argparse
import http.client
import json
import os
import random
import shlex
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from grader.classroom.gradebook_schema import ATTEMPTS, open_engine
from grader.server.queue import SubmissionQueue
from grader.server.settings import DataFolder
from grader.server.store import open_store
from grader.tools.service_under_test import Killer, Needs, ServiceUnderTest

PATIENCE = 3600.0
RETRY_SECONDS = 0.2
BOUNDARY = "a-boundary-of-the-load-script"
CUT_OFF = "cut off before it was acknowledged"


@dataclass(frozen=True)
class HandIn:
    """The outcome of one upload; times are in seconds. It has no id where it was not acknowledged."""

    acknowledged: float
    feedback: float
    status: str
    id: str = ""


def main() -> int:
    """Print what was measured, and return 1 where an acknowledged upload was not graded once."""
    parser = argparse.ArgumentParser(description="How does a service cope with a whole class at once?")
    parser.add_argument("assignment")
    parser.add_argument("file", type=Path, help="what every student hands in, with a comment of their own")
    parser.add_argument("--course", type=Path, default=Path())
    parser.add_argument("--students", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=60.0, help="the uploads are spread over so long")
    parser.add_argument("--apart", action="store_true", help="one student after the other, each waits for feedback")
    parser.add_argument("--kills", type=int, default=0, help="kill the service or a worker so often meanwhile")
    parser.add_argument("--serve", default="", help="options of `grader serve`, such as --serve='--jobs 2'")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        service = ServiceUnderTest(options.course, Path(folder, "data"), shlex.split(options.serve))
        needs, killer = Needs(service), Killer(service, options.kills)
        try:
            tokens = service.create_tokens(options.students)
            threading.Thread(target=needs.watch, daemon=True).start()
            killer.start()
            rush = Rush(service.port, options.assignment, options.file)
            began = time.monotonic()
            hand_ins = rush.run_apart(tokens) if options.apart else rush.run(tokens, options.seconds)
            took = time.monotonic() - began
            killer.join()
        finally:
            needs.end()
            service.stop()
        print(
            f"listening after {service.seconds_to_listen:.1f} s; {len(hand_ins)} uploads in {took:.0f} s; load", end=""
        )
        print("".join(f" {load:.1f}" for load in os.getloadavg()))
        if killer.killed:
            print(", ".join(f"killed {what}: {count} times" for what, count in Counter(killer.killed).items()))
        describe(hand_ins, service.read_acknowledgements(), needs)
        return describe_queue(service.data, options.assignment, [each.id for each in hand_ins if each.id])


@dataclass(frozen=True)
class Rush:
    """A class that hands in to a service."""

    port: int
    assignment: str
    file: Path

    def run(self, tokens: Sequence[str], seconds: float) -> list[HandIn]:
        """Return what became of each upload."""
        draw = random.Random(0)
        began = time.monotonic()
        moments = [began + draw.uniform(0, seconds) for _ in tokens]
        with ThreadPoolExecutor(len(tokens)) as people:
            return list(people.map(self.hand_in, tokens, moments))

    def run_apart(self, tokens: Sequence[str]) -> list[HandIn]:
        """Return the same, one upload after the other."""
        return [self.hand_in(token) for token in tokens]

    def hand_in(self, token: str, moment: float = 0.0) -> HandIn:
        """Hand in at that moment and wait for the feedback."""
        time.sleep(max(0.0, moment - time.monotonic()))
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="work{self.file.suffix}"\r\n\r\n'
        body = head.encode() + self.make_work(token) + f"\r\n--{BOUNDARY}--\r\n".encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        connection = self.connect()
        began = time.monotonic()
        try:
            reply = ask(connection, "POST", f"/api/v1/assignments/{self.assignment}/submissions", token, body, kind)
            answer = json.loads(reply.read())
        except (OSError, http.client.HTTPException):
            return HandIn(0.0, 0.0, CUT_OFF)
        acknowledged = time.monotonic() - began
        if reply.status != 202:
            return HandIn(acknowledged, acknowledged, f"{reply.status}: {answer['detail']}")
        status = self.watch(token, answer["id"])
        return HandIn(acknowledged, time.monotonic() - began, status, answer["id"])

    def make_work(self, token: str) -> bytes:
        """Return the file with something of the student's own, so that no result is found again."""
        text = self.file.read_text(encoding="utf-8")
        if self.file.suffix != ".ipynb":
            return f"{text}\n# {token[:8]}\n".encode()
        notebook = json.loads(text)
        notebook["cells"][-1] |= {
            "cell_type": "code",
            "source": f"# {token[:8]}",
            "outputs": [],
            "execution_count": None,
        }
        return json.dumps(notebook).encode()

    def watch(self, token: str, submission: str) -> str:
        """Return the state of a submission once it is final; ask again where the service goes away."""
        while True:
            state = {"status": "no answer"}
            try:
                for line in ask(self.connect(), "GET", f"/submissions/{submission}/events", token):
                    if line.startswith(b"data: "):
                        state = json.loads(line.removeprefix(b"data: "))
                if state.get("final"):
                    return str(state["status"])
            except (OSError, http.client.HTTPException, ValueError):
                pass  # killed
            time.sleep(RETRY_SECONDS)

    def connect(self) -> http.client.HTTPConnection:
        """Return a connection of its own; wait for a service that is being started."""
        end = time.monotonic() + PATIENCE
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
            try:
                connection.connect()
                return connection
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(RETRY_SECONDS)


def ask(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    token: str,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
) -> http.client.HTTPResponse:
    """Return the answer to a request."""
    connection.request(method, path, body, {"Authorization": f"Bearer {token}", **(headers or {})})
    return connection.getresponse()


def describe(hand_ins: Sequence[HandIn], by_log: Sequence[float], needs: Needs) -> None:
    """Print the figures."""
    known = [each for each in hand_ins if each.id]
    for name, times, shares in (
        ("acknowledged", [each.acknowledged for each in known], (50, 95, 99, 100)),
        ("acknowledged, by the service's log", by_log, (50, 95, 99, 100)),
        ("first feedback", [each.feedback for each in known[:1]], (100,)),
        ("feedback", [each.feedback for each in known], (50, 95, 100)),
    ):
        print(f"{name}: " + ", ".join(f"p{share} {find_percentile(times, share):.2f} s" for share in shares))
    states = Counter(each.status for each in hand_ins)
    print(", ".join(f"{state}: {count}" for state, count in states.items()))
    print(f"memory: {needs.peak / 1e6:.0f} MB at most, of it the service's own process {needs.service_peak / 1e6:.0f}")
    seconds = max(0.0, needs.service_seconds - needs.seconds_before)
    print(f"CPU time of the service: {seconds:.1f} s, {1000 * seconds / len(hand_ins):.0f} ms for each upload")


def describe_queue(data: Path, assignment: str, acknowledged: Sequence[str]) -> int:
    """Print what the databases say of the acknowledged uploads, and return 1 where one was not graded once."""
    folder = DataFolder(data)
    site = folder.read_site()
    store = open_store(folder, site)
    rows = {row.id: row for row in SubmissionQueue(store).list_of(limit=1_000_000)}
    store.close()
    engine = open_engine(site.store or f"sqlite:///{folder.open_run(assignment).gradebook}")
    counts = select(ATTEMPTS.c.path, func.count()).group_by(ATTEMPTS.c.path)
    with engine.begin() as connection:
        kept = {tuple(path.rsplit("/", 2)[-2:]): count for path, count in connection.execute(counts).all()}
    engine.dispose()
    graded = [each for each in acknowledged if each in rows and rows[each].status == "graded"]
    twice = [each for each in graded if rows[each].gradings != 1 or kept.get(tuple(rows[each].path.split("/"))) != 1]
    lost = len(acknowledged) - len(graded)
    print(f"acknowledged: {len(acknowledged)}, graded: {len(graded)}, lost: {lost}, graded twice: {len(twice)}")
    return 1 if lost or twice else 0


def find_percentile(values: Sequence[float], share: float) -> float:
    """Return the value that a share of the values does not exceed; 0 where there is none."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * int(share) // 100) - 1)] if ordered else 0.0


if __name__ == "__main__":
    sys.exit(main())
