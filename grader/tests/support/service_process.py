"""A service in a process of its own, with the real engine, that can be killed."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

GRADER = [sys.executable, "-m", "grader"]
PATIENCE = 240.0


class ServiceProcess:
    """`grader serve` on a course, with a token for each student."""

    def __init__(self, course: Path, data: Path) -> None:
        self.course, self.data = course, data
        self.lines: list[str] = []
        self.tokens: dict[str, str] = {}
        self.start()

    def start(self) -> None:
        """Start the service and read where it listens."""
        command = [
            *GRADER,
            "--course",
            str(self.course),
            "serve",
            "--data",
            str(self.data),
            "--port",
            "0",
            "--jobs",
            "1",
        ]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.lines = [line]
        found = re.search(r"http://[\d.]+:\d+", line)
        assert found is not None, line
        self.address = found[0]

    def read_owner_link(self) -> str:
        """Return the link that signs in the owner, which a first start prints as its second line."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().split()[-1]

    def kill(self) -> None:
        """End it as a crash of the machine would."""
        self.process.kill()
        self.process.communicate()

    def stop(self) -> int:
        """End it in order and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=60)
        return self.process.returncode

    def add_students(self, *names: str) -> None:
        """Create a token for each student in one go."""
        roster = self.data.with_name("roster.csv")
        roster.write_text("id\n" + "\n".join(names) + "\n")
        command = [*GRADER, "token", "create", "--all", str(roster), "--data", str(self.data)]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        self.tokens |= dict(line.split(",") for line in printed.splitlines()[1:])

    def hand_in(self, student: str, text: str) -> str:
        """Hand in and return the submission's id, once it is acknowledged."""
        body = f'--x\r\nContent-Disposition: form-data; name="file"; filename="toy.py"\r\n\r\n{text}\r\n--x--\r\n'
        kind = {"Content-Type": "multipart/form-data; boundary=x"}
        return str(self.ask(student, "/api/v1/assignments/toy/submissions", body.encode(), kind)["id"])

    def await_result(self, student: str, submission: str) -> dict[str, Any]:
        """Wait for a submission's result."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            answer = self.ask(student, f"/api/v1/submissions/{submission}")
            if answer["status"] not in ("queued", "grading"):
                return answer
            time.sleep(0.2)
        raise AssertionError(f"{submission} has no result")

    def ask(
        self, student: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """Return an answer of the API."""
        sent = {"Authorization": f"Bearer {self.tokens[student]}", **(headers or {})}
        with urllib.request.urlopen(urllib.request.Request(self.address + path, body, sent), timeout=60) as reply:
            return dict(json.load(reply))
