"""What every setting has in common. Values that differ between machines come from the environment, read here alone."""

from pathlib import Path

import environ
from csp.constants import NONE, SELF

from .money import monthly_cap
from .origins import s3_origins
from .providers import providers

env = environ.Env()

BASE_DIR = Path(__file__).resolve().parent.parent.parent
DATA_DIR = Path(env("SHOEBOX_DATA_DIR", default=str(BASE_DIR / "var")))

SECRET_KEY = env("SECRET_KEY")
# Former keys: what they signed, such as the links by which one unsubscribes, holds as long as they stand here.
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
DEBUG = False
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS")
SITE_URL = env("SITE_URL").rstrip("/")
SOURCE_URL = env("SOURCE_URL", default="")  # where this site's source can be had, for the footer

# --- The pipeline (the outputs of infra/template.yaml) ---

AWS_REGION = env("AWS_REGION")
ORIGINALS_BUCKET = env("ORIGINALS_BUCKET")
RENDITIONS_BUCKET = env("RENDITIONS_BUCKET")
PHOTO_TABLE = env("PHOTO_TABLE")
STATE_MACHINE_ARN = env("STATE_MACHINE_ARN")
NOTIFY_USER_FUNCTION = env("NOTIFY_USER_FUNCTION")
TASKS_QUEUE_URL = env("TASKS_QUEUE_URL")
DEAD_LETTER_QUEUE_URL = env("DEAD_LETTER_QUEUE_URL")
FEEDBACK_QUEUE_URL = env("FEEDBACK_QUEUE_URL")  # what came back of mails
SMS_A_DAY = env.int("SMS_A_DAY", default=200)  # to everybody together; the pipeline counts its own among them

# Where a browser fetches photos from and sends them to: the address that boto3 uses, which is AWS's own unless told.
S3_ENDPOINT = env("AWS_ENDPOINT_URL_S3", default=env("AWS_ENDPOINT_URL", default="")).rstrip("/")
S3_ORIGINS = [S3_ENDPOINT] if S3_ENDPOINT else s3_origins(AWS_REGION, ORIGINALS_BUCKET, RENDITIONS_BUCKET)

# --- Django ---

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.forms",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.github",
    "allauth.socialaccount.providers.google",
    "allauth.socialaccount.providers.openid_connect",
    "webapp.accounts.apps.SessionsConfig",  # allauth.usersessions
    "anymail",
    "csp",
    "django_htmx",
    "phonenumber_field",
    "webapp.accounts.apps.AccountsConfig",
    "webapp.photos",
    "webapp.albums",
    "webapp.notices.apps.NoticesConfig",
    "webapp.review",
    "webapp.costs",
    "webapp.operations.apps.OperationsConfig",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "webapp.middleware.keep_to_the_person",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "webapp.accounts.middleware.times_of_the_person",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "webapp.accounts.middleware.back_after_login",
    "webapp.accounts.middleware.note_session",
    "webapp.accounts.middleware.staff_need_second_factor",
    "allauth.account.middleware.AccountMiddleware",
]
ROOT_URLCONF = "webapp.urls"
EXTRA_URLS: list[tuple[str, str]] = []  # (prefix, urlconf) that an overlay adds
WSGI_APPLICATION = "webapp.wsgi.application"
ASGI_APPLICATION = "webapp.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "webapp" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "webapp.context.site",
            ],
        },
    },
]
FORM_RENDERER = "webapp.forms.FormRenderer"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "German")]
LOCALE_PATHS = [BASE_DIR / "webapp" / "locale"]
FORMAT_MODULE_PATH = "webapp.formats"
LANGUAGE_COOKIE_AGE = 60 * 60 * 24 * 365
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_HTTPONLY = True
TIME_ZONE = "UTC"
USE_TZ = True

# --- Data ---

DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'site.sqlite3'}")}
DATABASE_OPTIONS = {
    # Readers never wait for a writer, and writers wait in line instead of failing half-way.
    "django.db.backends.sqlite3": {
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
        },
    },
    "django.db.backends.postgresql": {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True},
}
DATABASES["default"] |= DATABASE_OPTIONS.get(DATABASES["default"]["ENGINE"], {})

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "shared_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    },
}

# Beyond this Django ends the request without a word. The upload form says it better, from contract.MAX_BATCH (500) on.
DATA_UPLOAD_MAX_NUMBER_FILES = 1_000
FILE_UPLOAD_HANDLERS = [
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "webapp.photos.upload_handlers.LimitedFileUploadHandler",
]

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "webapp" / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": DATA_DIR / "files"}},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# --- Accounts ---

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "webapp.accounts.backends.ModelBackend",
    "webapp.accounts.backends.AuthenticationBackend",
]
# Length and a list of known passwords, no rules about kinds of characters: they make passwords worse.
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "webapp.accounts.passwords.CommonPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["email"]},
    },
    {"NAME": "webapp.accounts.passwords.ContextValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # nobody can make us write to strangers
ACCOUNT_CHANGE_EMAIL = True  # one address a person: a new one replaces the old once it is verified
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True  # else who guesses at a login could keep its owner from using the new password
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_ADAPTER = "webapp.accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "webapp.accounts.forms.LoginForm",
    "signup": "webapp.accounts.forms.SignupForm",
    "add_email": "webapp.accounts.forms.ChangeEmailForm",
    "change_password": "webapp.accounts.forms.ChangePasswordForm",
    "set_password": "webapp.accounts.forms.SetPasswordForm",
    "reset_password": "webapp.accounts.forms.ResetPasswordForm",
    "reset_password_from_key": "webapp.accounts.forms.ResetPasswordKeyForm",
    "reauthenticate": "webapp.accounts.forms.ReauthenticateForm",
}
# Guesses at a password, from one address and at one account; mails with a link to a new one; then passwords of shared
# albums: wrong tries from one address, and from all of them. Uploads that one person begins. Codes sent to a phone, and
# tries at them: how many a day is counted in DynamoDB besides, and how often one code may be tried with the code.
ACCOUNT_RATE_LIMITS = {
    "login_failed": "10/m/ip,100/1h/ip,5/5m/key,10/1h/key,50/1d/key",
    "change_password": "10/5m/user,50/1d/user",
    "reauthenticate": "10/5m/user,50/1d/user",
    "reset_password": "20/m/ip,5/5m/key,20/1d/key",
    "share_password": "10/5m/key",
    "share_password_of_all": "200/1h/key",
    "upload_begin": "600/1h/user",
    "phone_code": "3/10m/user,20/1d/ip",
    "phone_code_try": "20/1h/user,50/1d/ip",
    "test_notice": "5/1h/user",
    "export": "10/1d/user",
    # Reports of photos from a link: from one address, and through one link.
    "share_report": "10/1h/key",
    "share_report_of_all": "100/1h/key",
}
# Codes of second factors count as logins that failed, for each person: "login_failed" above.
STAFF_NEED_MFA = env.bool("STAFF_NEED_MFA", default=True)  # no page below /admin/ without a second factor
MFA_ADAPTER = "webapp.accounts.second_factors.Adapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_TOLERANCE = 1  # periods of 30 seconds: clocks differ
# Whoever is in has an address that is verified; a change of it that still waits is nothing against a second factor.
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_FORMS = {
    "authenticate": "webapp.accounts.second_factor_forms.CodeForm",
    "reauthenticate": "webapp.accounts.second_factor_forms.CodeAgainForm",
    "activate_totp": "webapp.accounts.second_factor_forms.SetUpAppForm",
    "add_webauthn": "webapp.accounts.second_factor_forms.AddPasskeyForm",
    "edit_webauthn": "webapp.accounts.second_factor_forms.RenamePasskeyForm",
    "authenticate_webauthn": "webapp.accounts.second_factor_forms.PasskeyForm",
    "reauthenticate_webauthn": "webapp.accounts.second_factor_forms.PasskeyAgainForm",
    "login_webauthn": "webapp.accounts.second_factor_forms.PasskeyLoginForm",
}
# Who else may say who somebody is. An address that has an account already is not taken over: its owner connects.
SOCIALACCOUNT_ADAPTER = "webapp.accounts.provider_adapter.Adapter"
SOCIALACCOUNT_PROVIDERS = providers(env)
# What one person may keep, unless staff gave them a number of their own.
QUOTA_BYTES = env.int("QUOTA_BYTES", default=10_000_000_000)
QUOTA_PHOTOS = env.int("QUOTA_PHOTOS", default=20_000)
# Dollars a month, after which new analysis is paused (empty: no cap; 0: nothing new is analysed), and a file of prices
# of another region than us-east-1 (webapp/costs/prices.py says what it holds).
MONTHLY_COST_CAP = monthly_cap(env("MONTHLY_COST_CAP", default=""))
COST_PRICES_FILE = env("COST_PRICES_FILE", default="")
# The template's parameter of this name: to a higher threshold than that, answers that are kept suffice.
MIN_CONFIDENCE = env.float("MIN_CONFIDENCE", default=55.0)
SESSION_COOKIE_AGE = 60 * 60 * 24 * 30

# --- Review: how sure an answer must be, in percent, for a person to look, and for nobody else to see it before ---

REVIEW_FLAG_ABOVE = env.float("REVIEW_FLAG_ABOVE", default=60.0)
REVIEW_QUARANTINE_ABOVE = env.float("REVIEW_QUARANTINE_ABOVE", default=90.0)
# Rekognition's own names of what counts, at the first level; it also finds what nobody minds, such as a glass of wine.
REVIEW_CATEGORIES = env.list(
    "REVIEW_CATEGORIES",
    default=[
        "Explicit",
        "Non-Explicit Nudity of Intimate parts and Kissing",
        "Violence",
        "Visually Disturbing",
        "Hate Symbols",
    ],
)

# --- Mail: through SES, as the pipeline's own ---

EMAIL_BACKEND = "anymail.backends.amazon_ses.EmailBackend"
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env("MAIL_SENDER")
ANYMAIL = {
    "AMAZON_SES_CLIENT_PARAMS": {
        "region_name": AWS_REGION,
        "config": {"connect_timeout": 3, "read_timeout": 10, "retries": {"mode": "standard", "total_max_attempts": 3}},
    },
    "AMAZON_SES_CONFIGURATION_SET_NAME": env("MAIL_CONFIGURATION_SET"),
    # The site's policy allows this one sender, and is checked against the parameter rather than the message.
    "SEND_DEFAULTS": {"esp_extra": {"FromEmailAddress": DEFAULT_FROM_EMAIL}},
}

# --- Safety ---

SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "font-src": [SELF],
        "manifest-src": [SELF],
        "img-src": [SELF, "blob:", "data:", *S3_ORIGINS],  # blob: the upload page's previews; data: placeholders
        "connect-src": [SELF, *S3_ORIGINS],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    },
}

# --- Celery on SQS. Credentials and endpoint are found by boto3, as everywhere else. ---

SWEEP_SECONDS = env.int("SWEEP_SECONDS", default=60)
CELERY_BROKER_URL = "sqs://"
CELERY_TASK_DEFAULT_QUEUE = "tasks"
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "region": AWS_REGION,
    "predefined_queues": {CELERY_TASK_DEFAULT_QUEUE: {"url": TASKS_QUEUE_URL}},
    "polling_interval": 0.05,
    "wait_time_seconds": 5,
    # botocore's own would keep a request waiting for minutes where the queue does not answer.
    "client-config": {"connect_timeout": 3, "read_timeout": 10, "retries": {"total_max_attempts": 2}},
    # A message comes back after this long, so it must exceed the longest task (CELERY_TASK_TIME_LIMIT).
    "visibility_timeout": 900,
}
CELERY_TASK_TIME_LIMIT = 600
CELERY_TASK_SOFT_TIME_LIMIT = 540
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False  # SQS has no broadcast
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True


def _every(seconds: int, task: str) -> dict[str, object]:
    """A task that waited longer than its interval is dropped: the next one does its work."""
    return {"task": f"webapp.{task}", "schedule": seconds, "options": {"expires": seconds}}


CELERY_BEAT_SCHEDULE = {
    "keep costs": _every(SWEEP_SECONDS, "costs.tasks.keep_costs"),
    "index photos": _every(10, "photos.tasks.index_photos"),
    "sweep": _every(SWEEP_SECONDS, "photos.tasks.sweep"),
    "empty trash": _every(3600, "photos.tasks.empty_trash"),
    "forget places": _every(SWEEP_SECONDS, "photos.tasks.forget_waiting_places"),
    "forget old sessions": _every(3600, "accounts.tasks.forget_old_sessions"),
    "forget address changes": _every(3600, "accounts.tasks.forget_address_changes"),
    "campaigns": _every(10, "operations.tasks.move_campaigns"),
    "note statuses": _every(600, "operations.tasks.note_statuses"),
    "count corrections": _every(3600, "operations.tasks.count_corrections"),
    "push preferences": _every(SWEEP_SECONDS, "accounts.tasks.push_waiting_preferences"),
    "mail feedback": _every(SWEEP_SECONDS, "accounts.tasks.read_mail_feedback"),
    "send digests": _every(SWEEP_SECONDS, "notices.tasks.send_digests"),
    "exports": _every(SWEEP_SECONDS, "accounts.tasks.look_after_exports"),
    "tell of reviews": _every(30, "review.tasks.tell_owners"),
    "close accounts": _every(SWEEP_SECONDS, "accounts.tasks.close_accounts"),
}

# --- Logs: one line each, to standard output ---

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "filters": {"refusals": {"()": "webapp.logs.RefusalsOnOneLine"}},
    "handlers": {
        "stdout": {
            "class": "logging.StreamHandler",
            "stream": "ext://sys.stdout",
            "formatter": "line",
            "filters": ["refusals"],
        },
    },
    "root": {"handlers": ["stdout"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.server": {"handlers": [], "level": "INFO", "propagate": True},
        "botocore": {"level": "WARNING"},
        # A line for every task that beat sends would drown the rest; failures are warnings and above.
        "celery.beat": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
    },
}
