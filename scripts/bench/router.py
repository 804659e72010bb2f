"""The router against Debian's nginx and haproxy: CPU time per request, requests per second, 99th percentile."""

import argparse
import json
import os
import socket
import statistics
import subprocess
import tempfile
import threading
import time
import uuid
from pathlib import Path

import measure

UPSTREAM = 9100
OURS = 9101
NGINX = 9102
HAPROXY = 9103
HOST = "bench-0.localhost"
PROXY_CPU, LOAD_CPU = 0, 1

NGINX_BASE = """
daemon off; worker_processes 1; pid {folder}/{name}.pid; error_log {folder}/{name}.log;
events {{ worker_connections 4096; }}
http {{
    access_log off; keepalive_requests 100000000; keepalive_timeout 75s;
    client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    {content}
}}
"""
UPSTREAM_SERVER = """
    server {{ listen 127.0.0.1:{port} backlog=4096; location / {{ return 200 "{body}"; }} }}
"""
# Host lookup, kept connections to the app, and the forwarding headers that ours adds, too.
PROXY_SERVER = """
    upstream app {{ server 127.0.0.1:{upstream}; keepalive 128; keepalive_requests 100000000; }}
    server {{ listen 127.0.0.1:{port} default_server backlog=4096; return 404; }}
    server {{
        listen 127.0.0.1:{port}; server_name {host};
        location / {{
            proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_set_header Host $host; proxy_set_header X-Request-Id $request_id;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Port 80;
        }}
    }}
"""
HAPROXY_CONFIGURATION = """
global
    nbthread 1
    maxconn 8192
defaults
    mode http
    timeout connect 5s
    timeout client 75s
    timeout server 1300s
    timeout http-request 10s
    option http-keep-alive
    http-reuse always
frontend in
    bind 127.0.0.1:{port}
    unique-id-format %[uuid]
    unique-id-header X-Request-Id
    option forwardfor
    http-request set-header X-Forwarded-Proto http
    http-request set-header X-Forwarded-Port 80
    acl ours req.hdr(host) -i {host}
    http-request deny deny_status 404 unless ours
    default_backend app
backend app
    server app 127.0.0.1:{upstream} pool-max-conn 128
"""


class Controller:
    """The controller's internal listener, as far as a router needs it: one snapshot of routes, then heartbeats."""

    def __init__(self, path, apps):
        self.lines = [{"type": "hello", "installation": str(uuid.uuid4()), "epoch": 1, "snapshot": True}]
        for number in range(apps):
            endpoint = {"instance": f"bench-{number}-web-1", "address": f"127.0.0.1:{UPSTREAM}"}
            routes = {"app": str(uuid.uuid4()), "name": f"bench-{number}", "hosts": [f"bench-{number}.localhost"]}
            self.lines.append({"type": "app", "version": number + 1, "app": {**routes, "endpoints": [endpoint]}})
        self.lines.append({"type": "snapshot_end", "version": apps, "gone": []})
        self.apps = apps
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def answer(self, connection):
        head = connection.recv(65536)
        if head.startswith(b"POST"):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return connection.close()
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nConnection: close\r\n\r\n")
        connection.sendall(b"".join(json.dumps(line).encode() + b"\n" for line in self.lines))
        try:
            while True:
                time.sleep(5)
                connection.sendall(json.dumps({"type": "heartbeat", "version": self.apps}).encode() + b"\n")
        except OSError:
            connection.close()


def nginx(folder, name, content, cpu):
    path = folder / f"{name}.conf"
    path.write_text(NGINX_BASE.format(folder=folder, name=name, content=content))
    return measure.start(["/usr/sbin/nginx", "-p", str(folder), "-c", str(path)], cpu, stderr=subprocess.DEVNULL)


def start_upstream(folder, size):
    return nginx(folder, "upstream", UPSTREAM_SERVER.format(port=UPSTREAM, body="x" * size), LOAD_CPU)


def start_nginx(folder):
    return nginx(folder, "nginx", PROXY_SERVER.format(port=NGINX, upstream=UPSTREAM, host=HOST), PROXY_CPU)


def start_haproxy(folder):
    path = folder / "haproxy.cfg"
    path.write_text(HAPROXY_CONFIGURATION.format(port=HAPROXY, upstream=UPSTREAM, host=HOST))
    return measure.start(["/usr/sbin/haproxy", "-db", "-f", str(path)], PROXY_CPU)


def start_ours(folder, program, apps):
    Controller(str(folder / "internal.sock"), apps)
    (folder / "credential").write_text("bench\n")
    (folder / "key").write_text(os.urandom(32).hex() + "\n")
    listener = socket.create_server(("127.0.0.1", OURS), backlog=4096)
    files = {
        "internal-socket": "internal.sock", "credential-file": "credential", "api-socket": "api.sock",
        "table-file": "table", "table-key-file": "key", "control-socket": "control.sock",
    }
    arguments = [f"--{option}={folder / name}" for option, name in files.items()]
    # Neither do the others keep a log of requests.
    os.environ["RUST_LOG"] = "info,router::access=off"
    log = open(folder / "router.log", "w")
    command = [program, "router", "--domain=localhost", *arguments]
    return measure.start(command, PROXY_CPU, sockets=[("http", listener)], stdout=log, stderr=log)


def wait_until_it_serves(name, port):
    """A router answers 404 until it has its routes."""
    measure.wait_for_port(port)
    deadline = time.monotonic() + 30
    url = f"http://127.0.0.1:{port}/"
    command = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-H", f"Host: {HOST}", url]
    while subprocess.run(command, capture_output=True, text=True).stdout != "200":
        if time.monotonic() > deadline:
            raise SystemExit(f"error: {name} does not answer 200")
        time.sleep(0.1)


def measure_one(process, port, seconds):
    before = measure.cpu_seconds(process.pid)
    load = measure.wrk(f"http://127.0.0.1:{port}/", seconds, LOAD_CPU, headers=[f"Host: {HOST}"])
    used = measure.cpu_seconds(process.pid) - before
    if load.errors:
        raise SystemExit(f"error: {load.errors} requests failed at port {port}")
    return {"cpu": used / load.requests * 1e6, "rps": load.per_second, "p99": load.p99 * 1e3}


def run(options, folder):
    processes = [start_upstream(folder, options.size)]
    try:
        measure.wait_for_port(UPSTREAM)
        proxies = {"slipway": (start_ours(folder, options.slipway, options.apps), OURS)}
        proxies["nginx"] = (start_nginx(folder), NGINX)
        proxies["haproxy"] = (start_haproxy(folder), HAPROXY)
        processes += [process for process, _ in proxies.values()]
        for name, (process, port) in proxies.items():
            wait_until_it_serves(name, port)
            measure_one(process, port, 2)
        rounds = {name: [] for name in proxies}
        for number in range(options.rounds):
            # Back and forth, so that whatever else the machine does hits everybody alike.
            for name in sorted(proxies, reverse=number % 2 == 1):
                rounds[name].append(measure_one(*proxies[name], options.seconds))
        memory = {name: sum(map(measure.resident_mb, measure.family(process.pid))) for name, (process, _) in proxies.items()}
        return {name: {key: statistics.median(one[key] for one in seen) for key in seen[0]} | {"mb": memory[name]} for name, seen in rounds.items()}
    finally:
        for process in processes:
            measure.stop(process)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slipway", required=True, help="the server binary")
    parser.add_argument("--rounds", type=int, default=4, help="rounds; the medians are printed")
    parser.add_argument("--seconds", type=int, default=8, help="length of each measurement")
    parser.add_argument("--apps", type=int, default=100, help="apps that the router knows")
    parser.add_argument("--size", type=int, default=1024, help="bytes of an answer")
    options = parser.parse_args()
    if os.cpu_count() < 2:
        raise SystemExit("error: one CPU for the proxy and one for the load are needed")
    with tempfile.TemporaryDirectory(prefix="slipway-bench.") as folder:
        os.chmod(folder, 0o755)
        results = run(options, Path(folder))
    print(f"{options.size} bytes, 64 kept connections, {options.apps} apps, {options.rounds} rounds of {options.seconds} s, medians")
    print(f"{'':<10}{'CPU us/request':>16}{'requests/s':>12}{'p99 ms':>9}{'MB':>7}")
    for name, row in results.items():
        print(f"{name:<10}{row['cpu']:>16.1f}{row['rps']:>12.0f}{row['p99']:>9.2f}{row['mb']:>7.1f}")
    best = min(results["nginx"]["cpu"], results["haproxy"]["cpu"])
    print(f"cpu-ratio {results['slipway']['cpu'] / best:.2f}")


if __name__ == "__main__":
    main()
