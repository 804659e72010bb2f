"""The smallest web app in Python's standard library: it answers who powers it, on the port that the platform gives it."""

import os
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"Powered by {os.environ.get('POWERED_BY') or 'Slipway'}\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


# Threads that answer are waited for at the end.
ThreadingHTTPServer.daemon_threads = False
server = ThreadingHTTPServer(("", int(os.environ.get("PORT") or 5000)), Handler)


def stop(*_):
    """SIGTERM means: finish what you have begun, then go."""
    # From another thread, because it waits for the loop that this one is in.
    threading.Thread(target=server.shutdown).start()


signal.signal(signal.SIGTERM, stop)
print(f"listening on port {server.server_port}")
server.serve_forever()
server.server_close()
print("stopped in order")
