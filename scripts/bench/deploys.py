"""A running platform: seconds of deploys and changes, the API's speed and memory, and memory when idle."""

import argparse
import http.client
import json
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import measure

IMAGE = "slipway-bench"
PLAIN_PORT = 9120
APPS = 100


def output(*command):
    """What a command prints; failing ends the benchmark with what it complained about."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"error: {' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def build_image(program):
    """An image of one program and the libraries it needs."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        libraries = [word for word in output("ldd", program).split() if word.startswith("/")]
        for source, target in [(program, "/bin/specimen")] + [(library, library) for library in libraries]:
            path = root / target.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, path)
        archive = subprocess.run(["tar", "-C", folder, "-cf", "-", "."], check=True, capture_output=True).stdout
        command = ["docker", "import", "--change", 'CMD ["/bin/specimen"]', "--change", "EXPOSE 5000", "-", IMAGE]
        subprocess.run(command, input=archive, check=True, capture_output=True)


class Platform:
    """The platform that this user's mycli is logged in to."""

    def __init__(self, programs):
        self.mycli_program = str(programs / "mycli")
        settings = json.loads((Path.home() / ".mycli" / "client.json").read_text())
        self.controller, self.token = settings["controller"].rstrip("/"), settings["token"]
        self.host = urlsplit(self.controller).hostname
        self.port = urlsplit(self.controller).port or 80
        self.domain = self.host.split(".", 1)[1]
        status = json.loads(output(str(programs / "slipway"), "status", "--json"))
        self.parts = {part["part"]: part["pid"] for part in status["parts"]} | {"supervisor": status["supervisor"]}

    def mycli(self, *words):
        return output(self.mycli_program, *words)

    def timed(self, *words):
        """Seconds that a command takes."""
        began = time.monotonic()
        self.mycli(*words)
        return time.monotonic() - began

    def answers(self, app):
        return first_answer(self.port, f"{app}.{self.domain}")


def first_answer(port, host):
    """True when the app answers 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/", headers={"Host": host})
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def until(condition, seconds=60):
    """Seconds until it is true."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            raise SystemExit("error: no answer in time")
        time.sleep(0.005)
    return time.monotonic() - began


def plain_run():
    """Seconds from `docker run` to the first answer."""
    began = time.monotonic()
    publish = f"127.0.0.1:{PLAIN_PORT}:5000"
    container = output("docker", "run", "--detach", "--init", "--publish", publish, IMAGE).strip()
    until(lambda: first_answer(PLAIN_PORT, "localhost"))
    took = time.monotonic() - began
    output("docker", "rm", "--force", container)
    return took


def pull(platform, app):
    """Seconds from `mycli pull` to the first answer."""
    platform.mycli("create", app, "--no-remote")
    command = threading.Thread(target=platform.mycli, args=("pull", IMAGE, "-a", app))
    began = time.monotonic()
    command.start()
    until(lambda: platform.answers(app))
    took = time.monotonic() - began
    command.join()
    return took


def changes(platform, app, rounds):
    """Seconds of each kind of change."""
    took = {"config:set": [], "rollback": [], "scale by one": []}
    for number in range(rounds):
        took["config:set"].append(platform.timed("config:set", f"ROUND={number}", "-a", app))
        took["rollback"].append(platform.timed("rollback", "-a", app))
        took["scale by one"].append(platform.timed("scale", "cmd=2", "-a", app))
        platform.mycli("scale", "cmd=1", "-a", app)
    return took


def api(platform, apps, seconds):
    """The list of many apps, asked for again and again."""
    for app in apps:
        platform.mycli("create", app, "--no-remote")
    answering = {part: platform.parts[part] for part in ["controller", "postgres", "router"] if part in platform.parts}
    before = {part: measure.cpu_seconds(pid) for part, pid in answering.items()}
    headers = [f"Host: {platform.host}", f"Authorization: token {platform.token}"]
    load = measure.wrk(f"http://127.0.0.1:{platform.port}/v2/apps?limit={len(apps)}", seconds, 1, 16, headers)
    used = {part: (measure.cpu_seconds(pid) - before[part]) / load.requests * 1e3 for part, pid in answering.items()}
    if load.errors:
        raise SystemExit(f"error: {load.errors} requests of the API failed")
    return load.per_second, used, measure.resident_mb(platform.parts["controller"])


def run(platform, options):
    idle = {part: measure.resident_mb(pid) for part, pid in platform.parts.items() if part != "postgres"}
    apps = [f"bench-{number}" for number in range(APPS)]
    deployed = [f"bench-pull-{number}" for number in range(options.rounds)]
    try:
        plain = statistics.median(plain_run() for _ in range(options.rounds))
        pulled = statistics.median(pull(platform, app) for app in deployed)
        took = changes(platform, deployed[0], options.rounds)
        rate, cpu, memory = api(platform, apps, options.seconds)
    finally:
        for app in apps + deployed:
            subprocess.run([platform.mycli_program, "destroy", "-a", app, "--confirm", app], capture_output=True)
    print(f"medians of {options.rounds} rounds")
    print(f"{'docker run to first answer':<40}{plain:>8.2f} s")
    print(f"{'pull to first answer':<40}{pulled:>8.2f} s   (+{pulled - plain:.2f})")
    for name, seconds in took.items():
        print(f"{name:<40}{statistics.median(seconds):>8.2f} s")
    print(f"{f'GET /v2/apps, {APPS} apps':<40}{rate:>8.0f} requests/s")
    for part, milliseconds in cpu.items():
        print(f"{f'  CPU of the {part}, each':<40}{milliseconds:>8.2f} ms")
    print(f"{'controller after that':<40}{memory:>8.1f} MB")
    for part, megabytes in idle.items():
        print(f"{f'{part}, idle':<40}{megabytes:>8.1f} MB")
    print(f"{'all of ours, idle':<40}{sum(idle.values()):>8.1f} MB")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", required=True, type=Path, help="folder of slipway, mycli and specimen")
    parser.add_argument("--rounds", type=int, default=5, help="rounds; the medians are printed")
    parser.add_argument("--seconds", type=int, default=10, help="length of the load on the API")
    options = parser.parse_args()
    build_image(str(options.programs / "specimen"))
    try:
        run(Platform(options.programs), options)
    finally:
        subprocess.run(["docker", "rmi", "--force", IMAGE], capture_output=True)


if __name__ == "__main__":
    main()
