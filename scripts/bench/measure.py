"""What the benchmarks have in common: processes pinned to a CPU, their CPU time and memory, and wrk."""

import os
import re
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}


@dataclass
class Load:
    """What wrk saw."""

    requests: int
    per_second: float
    p99: float
    errors: int


def start(arguments, cpu, sockets=(), **options):
    """Starts a program pinned to one CPU, with listening sockets handed over as systemd does: (name, socket)."""

    def prepare():
        os.sched_setaffinity(0, {cpu})
        if not sockets:
            return
        # Twice, because a target may be the present number of another one.
        spare = [os.dup(held.fileno()) for _, held in sockets]
        for target, held in enumerate(spare, start=3):
            os.dup2(held, target)
            os.set_inheritable(target, True)
        os.environ["LISTEN_PID"] = str(os.getpid())
        os.environ["LISTEN_FDS"] = str(len(sockets))
        os.environ["LISTEN_FDNAMES"] = ":".join(name for name, _ in sockets)
        os.execv(arguments[0], arguments)

    return subprocess.Popen(arguments, preexec_fn=prepare, close_fds=False, **options)


def stop(process):
    """Ends a program in order, and waits."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def family(pid):
    """A process and all its descendants."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid] + [one for child in children for one in family(int(child))]


def cpu_seconds(pid):
    """CPU time that a process and its descendants have used so far."""
    total = 0
    for one in family(pid):
        fields = Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def resident_mb(pid):
    """Memory of one process: its own, and its share of what it has in common with others."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Pss:\s+(\d+) kB", text, re.M)[1]) / 1024


def wait_for_port(port, seconds=20):
    """Waits until something accepts connections."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def wrk(url, seconds, cpu, connections=64, headers=()):
    """One thread of wrk, pinned to a CPU."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
    for header in headers:
        command += ["-H", header]
    pin = lambda: os.sched_setaffinity(0, {cpu})
    text = subprocess.run([*command, url], check=True, capture_output=True, text=True, preexec_fn=pin).stdout
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s|m)", text)
    errors = sum(int(number) for line in re.findall(r"Socket errors:.*|Non-2xx.*", text) for number in re.findall(r"\d+$|\d+(?=,)", line))
    return Load(
        requests=int(re.search(r"(\d+) requests in", text)[1]),
        per_second=float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]),
        p99=float(p99[1]) * UNITS[p99[2]],
        errors=errors,
    )
