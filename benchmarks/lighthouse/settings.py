"""The site as it is deployed, but for where its collected static files lie: in the benchmark's own folder."""

from webapp.settings.production import *  # noqa: F403
from webapp.settings.production import DATA_DIR

STATIC_ROOT = DATA_DIR / "staticfiles"
