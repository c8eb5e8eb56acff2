"""How gunicorn serves the site, wherever it runs: `gunicorn webapp.wsgi` in this directory reads this file.

A slow upload holds one thread, not the site. FORWARDED_ALLOW_IPS, which gunicorn reads itself, names the proxies whose
X-Forwarded-Proto is believed; without it, this machine alone.
"""

import os
from pathlib import Path

worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 8
timeout = 300  # seconds: a form of 500 files that goes on to a slow S3
accesslog = None  # the proxy keeps one
control_socket_disable = True  # in the home directory, where a second site would meet it
if Path("/dev/shm").is_dir():  # noqa: S108  heartbeats in memory: a disk under load makes a worker look dead
    worker_tmp_dir = "/dev/shm"  # noqa: S108
