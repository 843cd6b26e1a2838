"""Child processes: pinned, spoken to in lines of JSON, ended for certain."""

import json
import os
import subprocess
import time


def start(command, core=None, **options):
    def pin():
        if core is not None:
            os.sched_setaffinity(0, {core})

    return subprocess.Popen(command, preexec_fn=pin, **options)


def end(process, patience_seconds=5):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


def memory_kb(pid):
    """Private and shared memory that is really there; a share of pages that others map too."""
    with open(f"/proc/{pid}/smaps_rollup") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Pss:"))


def wait_until(ready, process, what, seconds=10):
    deadline = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None:
            raise RuntimeError(f"{what} ended with {process.returncode} instead of starting")
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} did not become ready within {seconds} s")
        time.sleep(0.02)


def answers_ready(connection):
    """Whether the gateway at the other end of this HTTP connection serves."""
    try:
        connection.request("GET", "/readyz")
        response = connection.getresponse()
        response.read()
        return response.status == 200
    except OSError:
        connection.close()
        return False


class Conversation:
    """A program that answers each line of JSON with one."""

    def __init__(self, command, core=None):
        self.process = start(
            command, core, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.process.args[0]} ended unexpectedly")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"{self.process.args[0]}: {answer['error']}")
        return answer

    def close(self):
        self.process.stdin.close()
        end(self.process)
