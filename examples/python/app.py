"""The smallest web app with packages: it answers who powers it, on the port that the platform gives it."""

import os
import signal
import sys

import bottle
import waitress


@bottle.get("/")
def index():
    bottle.response.content_type = "text/plain; charset=utf-8"
    return f"Powered by {os.environ.get('POWERED_BY') or 'Slipway'}\n"


# SIGTERM means: finish what you have begun, then go. waitress does that when it is told to exit.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
waitress.serve(bottle.default_app(), host="0.0.0.0", port=int(os.environ.get("PORT") or 5000))
