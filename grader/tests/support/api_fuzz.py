"""Have schemathesis ask a service everything that its OpenAPI description allows, and much that it does not.

`python -m grader.tests.support.api_fuzz build/schemathesis-venv/bin/st` runs it as a student, as a grader and as an
owner, on the toy course with a fake worker. It ends with 1 where an answer is not as the description says.
"""

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from grader.server.app import create_app
from grader.server.people import Role
from grader.server.rate_limits import RateLimit
from grader.server.serving import open_listener
from grader.tests.support.service import FakeSite, open_toy_service
from grader.tests.support.toy import write_project

# Who asks too often would be told so, and nothing else.
UNLIMITED = RateLimit(10_000_000, 60)
# A refusal may come before the input is looked at: for a student whose own work it is not, nothing is there.
LEFT_OUT = "positive_data_acceptance"


@contextmanager
def serve(site: FakeSite) -> Iterator[str]:
    """Give the address of the service, which listens on this machine until the block ends."""
    server = uvicorn.Server(uvicorn.Config(create_app(site.service), log_config=None, access_log=False))
    with open_listener("127.0.0.1", 0) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


def main() -> int:
    """Return 1 where schemathesis found something, for any role."""
    command, options = str(Path(sys.argv[1]).absolute()), sys.argv[2:]
    found = []
    with tempfile.TemporaryDirectory() as folder:
        course = write_project(Path(folder, "course"))
        with open_toy_service(course, Path(folder, "data")) as service:
            site = FakeSite(service)
            service.requests = service.sign_ins = UNLIMITED
            submission = site.hand_in(site.call_as("kim"))
            site.await_result(submission)
            with serve(site) as address:
                for name, role in (("kim", Role.STUDENT), ("ta", Role.GRADER), ("head", Role.OWNER)):
                    token = service.people.create_token(service.people.add(name, role))
                    print(f"as {role}", flush=True)
                    found.append(run([command, *options], address, token, Path(folder), submission))
    return max(found)


def run(command: list[str], address: str, token: str, folder: Path, submission: str) -> int:
    """Return the exit code of schemathesis for one person. It knows an assignment and a submission that are there."""
    known = f'[parameters]\n"path.name" = "toy"\n"path.submission" = "{submission}"\n'
    folder.joinpath("schemathesis.toml").write_text(known, encoding="utf-8")
    header = f"Authorization: Bearer {token}"
    checks = ["--checks", "all", "--exclude-checks", LEFT_OUT, "--no-color"]
    tool, *options = command
    arguments = [tool, "run", f"{address}/api/v1/openapi.json", "-H", header, *checks, *options]
    return subprocess.run(arguments, check=False, cwd=folder).returncode


if __name__ == "__main__":
    sys.exit(main())
