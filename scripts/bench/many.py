"""A machine full of apps at rest: what the idle controller costs, how it starts, and how the API answers."""

import argparse
import concurrent.futures
import http.client
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import deploys
import measure

HTTP, SSH, REGISTRY = 9180, 9122, 9150
NAME = "slipway-bench"
# Apps that are made at the same time.
AT_ONCE = 4
# Requests a second while the API is measured.
RATE = 50


class Platform:
    """A platform of its own, and its first user."""

    def __init__(self, programs, pool):
        self.folder = Path(tempfile.mkdtemp(prefix="slipway-bench.", dir="/tmp"))
        # The parts run as users of their own, who have to pass through.
        self.folder.chmod(0o755)
        for program in ["slipway", "mycli"]:
            shutil.copy(programs / program, self.folder)
        where = [f"--{root}-dir={self.folder / root}" for root in ["config", "data", "run"]]
        self.installation = ["--name", NAME] + where
        listen = [("http", HTTP), ("ssh", SSH), ("registry", REGISTRY)]
        options = [f"--{what}-listen=127.0.0.1:{port}" for what, port in listen] + ["--network-pool", pool]
        self.log = (self.folder / "log").open("w")
        command = [self.folder / "slipway", "standalone"] + self.installation + options
        self.supervisor = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        deploys.until(self.is_ready, 120)
        environment = os.environ | {"HOME": str(self.folder)}
        url = f"http://slipway.localhost:{HTTP}"
        words = ["register", url, "--username", "bench", "--password-stdin", "--email", "bench@example.com"]
        subprocess.run(
            [self.folder / "mycli"] + words, input="a long password\n", text=True, env=environment, check=True,
            capture_output=True,
        )
        self.token = json.loads((self.folder / ".mycli" / "client.json").read_text())["token"]

    def slipway(self, *words):
        return deploys.output(str(self.folder / "slipway"), words[0], *self.installation, *words[1:])

    def status(self):
        return json.loads(self.slipway("status", "--json"))

    def is_ready(self):
        try:
            return self.status().get("ready", False)
        except (SystemExit, ValueError):
            return False

    def pid(self, part):
        return next(entry["pid"] for entry in self.status()["parts"] if entry["part"] == part)

    def ask(self, method, path, body=None):
        """One request of the API on a connection of its own; answers the status and the seconds that it took."""
        connection = http.client.HTTPConnection("127.0.0.1", HTTP, timeout=120)
        headers = {"Host": "slipway.localhost", "Authorization": f"token {self.token}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        began = time.monotonic()
        connection.request(method, path, body and json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        took = time.monotonic() - began
        connection.close()
        if answer.status >= 300:
            raise SystemExit(f"error: {method} {path}: {answer.status} {text}")
        return took

    def make(self, number, instances):
        """An app of so many instances."""
        app = f"many-{number}"
        self.ask("POST", "/v2/apps", {"id": app})
        self.ask("POST", f"/v2/apps/{app}/builds", {"image": deploys.IMAGE})
        if instances > 1:
            self.ask("POST", f"/v2/apps/{app}/scale", {"cmd": instances})

    def sql(self, statement):
        command = ["setpriv", f"--reuid={NAME}-controller", f"--regid={NAME}-controller", "--clear-groups", "psql", "-qAtX"]
        socket = self.folder / "run" / "postgres"
        return deploys.output(*command, f"host={socket} user=slipway dbname=slipway", "-c", statement).strip()

    def is_at_rest(self):
        """Nobody works on any app."""
        return self.sql("select count(*) from apps where lease_until is not null") == "0"

    def remove(self):
        self.slipway("purge", "--yes")
        self.supervisor.wait()
        shutil.rmtree(self.folder)


def idle(platform, seconds):
    """Shares of a core that each part takes when nothing is asked of it."""
    pids = {entry["part"]: entry["pid"] for entry in platform.status()["parts"]}
    pids["engine"] = int(Path("/var/run/docker.pid").read_text())
    before = {part: measure.cpu_seconds(pid) for part, pid in pids.items()}
    time.sleep(seconds)
    return {part: (measure.cpu_seconds(pid) - before[part]) / seconds * 100 for part, pid in pids.items()}


def restart(platform):
    """Seconds until a new controller has looked after every app, and what the engine was made to do."""
    before = platform.sql("select json_object_agg(id, lease_fence) from apps")
    began, since = time.monotonic(), time.time()
    platform.slipway("restart", "controller")
    seen = f"select count(*) from apps where lease_fence = ('{before}'::json ->> id::text)::bigint or lease_until is not null"
    deploys.until(lambda: platform.sql(seen) == "0", 300)
    took = time.monotonic() - began
    kinds = ["container", "network", "image"]
    filters = [word for kind in kinds for word in ("--filter", f"type={kind}")]
    events = deploys.output("docker", "events", "--since", str(since), "--until", str(time.time()), *filters)
    return took, len(events.splitlines())


def api(platform, count, seconds):
    """Median and 99th percentile of answers at a fixed rate: an app, its instances, its releases, the list of apps."""
    paths = ["", "/pods", "/releases"]
    took = []
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers, began = [], time.monotonic()
        for number in range(RATE * seconds):
            time.sleep(max(0, began + number / RATE - time.monotonic()))
            path = f"/v2/apps/many-{number % count}{paths[number % 3]}" if number % 4 else "/v2/apps?limit=100"
            answers.append(pool.submit(platform.ask, "GET", path))
        took = sorted(answer.result() for answer in answers)
    return statistics.median(took) * 1e3, took[len(took) * 99 // 100] * 1e3


def run(platform, options):
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda number: platform.make(number, options.instances), range(options.apps)))
    deploys.until(platform.is_at_rest, 300)
    print(f"{options.apps} apps, {options.apps * options.instances} instances, made in {time.monotonic() - began:.0f} s")
    for part, share in idle(platform, options.seconds).items():
        print(f"{f'{part}, idle for {options.seconds} s':<40}{share:>8.2f} % of a core")
    median, p99 = api(platform, options.apps, options.seconds // 4)
    print(f"{f'API at {RATE} requests/s':<40}{median:>8.1f} ms, p99 {p99:.1f} ms")
    took, events = restart(platform)
    print(f"{'start of a controller, all looked after':<40}{took:>8.1f} s, {events} changes in the engine")
    print(f"{'controller after that':<40}{measure.resident_mb(platform.pid('controller')):>8.1f} MB")
    print(f"{'router':<40}{measure.resident_mb(platform.pid('router')):>8.1f} MB")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", required=True, type=Path, help="folder of slipway, mycli and specimen")
    parser.add_argument("--apps", type=int, default=500, help="how many apps")
    parser.add_argument("--instances", type=int, default=2, help="how many instances each")
    parser.add_argument("--seconds", type=int, default=120, help="how long nothing is asked of it")
    parser.add_argument("--pool", default="10.132.0.0/14", help="addresses for the networks of the apps")
    options = parser.parse_args()
    deploys.build_image(str(options.programs / "specimen"))
    platform = Platform(options.programs, options.pool)
    try:
        run(platform, options)
    finally:
        platform.remove()
        subprocess.run(["docker", "rmi", "--force", deploys.IMAGE], capture_output=True)


if __name__ == "__main__":
    main()
