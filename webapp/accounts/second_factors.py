"""Second factors: passkeys, codes of an app, recovery codes. allauth keeps them; what it stores is encrypted here."""

from __future__ import annotations

import base64
import time
from datetime import datetime, timedelta
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from . import mail
from .models import User

MFA = "mfa"  # how allauth names them among the ways somebody got in
SETTLES_IN = timedelta(days=7)  # in which its owner, who was told, takes off what somebody else added
FRESH = 5 * 60  # seconds


class Adapter(DefaultMFAAdapter):
    """allauth in our words, with its secrets encrypted."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "cannot_generate_recovery_codes": _("Add a passkey or an app first: recovery codes stand in for them."),
        "incorrect_code": _("This did not work. Try again; a code of an app works once, for a minute."),
        "too_many_tries": _("Too many tries. Try again in an hour."),
    }

    def get_totp_issuer(self) -> str:
        return "Shoebox"

    def _get_site_name(self) -> str:
        return "Shoebox"

    def build_totp_svg(self, url: str) -> str:
        """On white, so that it can be read in the dark theme as well."""
        import qrcode  # type: ignore[import-untyped]
        from qrcode.image.svg import SvgPathFillImage  # type: ignore[import-untyped]

        return str(qrcode.make(url, image_factory=SvgPathFillImage).to_string(encoding="unicode"))

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        number = Authenticator.objects.filter(user=user, type=type).count() + 1
        return gettext("Passkey") if number == 1 else gettext("Passkey %(number)s") % {"number": number}

    def encrypt(self, text: str) -> str:
        return _box().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _box().decrypt(encrypted_text).decode()


def _box() -> MultiFernet:
    """Encrypts with a key made of SECRET_KEY, and opens what was encrypted with one of SECRET_KEY_FALLBACKS too."""
    digests = [
        salted_hmac(__name__, "key", secret=secret, algorithm="sha256").digest()
        for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    ]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])


def is_set_up(user: User) -> bool:
    """Recovery codes alone are none: they stand in for one."""
    return Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.RECOVERY_CODES).exists()


def was_used(request: HttpRequest) -> bool:
    """Whether whoever sends this used a second factor in this session."""
    return any(each.get("method") == MFA for each in get_authentication_records(request, request.user))


def settled(user: User) -> QuerySet[Authenticator]:
    """Those that an account has had for long enough to stand for its owner."""
    return Authenticator.objects.filter(user=user, created_at__lte=timezone.now() - SETTLES_IN)


def shown_since(request: HttpRequest, moment: datetime) -> list[int]:
    """The ids of those that were used in this session in the last minutes, and since then."""
    records = get_authentication_records(request, request.user)
    since = max(moment.timestamp(), time.time() - FRESH)
    return [each["id"] for each in records if each.get("method") == MFA and "id" in each and each["at"] >= since]


def ask_for_it(request: HttpRequest) -> str:
    """The address that asks for one, and leads back."""
    methods = get_account_adapter().get_reauthentication_methods(request.user)
    return f"{methods[0]['url']}?{urlencode({'next': request.get_full_path()})}"


def note_first(request: HttpRequest, authenticator: Authenticator) -> None:
    """Whoever sets up their first one has it at hand: that counts as its use."""
    others = Authenticator.objects.filter(user=authenticator.user_id).exclude(pk=authenticator.pk)
    if not others.exclude(type=Authenticator.Type.RECOVERY_CODES).exists():
        record_authentication(request, authenticator.user, MFA, id=authenticator.pk, type=authenticator.type)


def forget_young(*, user: User, days: int) -> None:
    """Take off what somebody who is not the owner may have added of late, accounts elsewhere too."""
    since = timezone.now() - timedelta(days=days)
    SocialAccount.objects.filter(user=user, date_joined__gte=since).delete()
    Authenticator.objects.filter(user=user, created_at__gte=since).delete()
    if not is_set_up(user):
        Authenticator.objects.filter(user=user).delete()


def forget(*, user: User) -> int:
    """Take every second factor off an account whose owner has lost them, and tell them; how many it were."""
    found = Authenticator.objects.filter(user=user)
    number = found.exclude(type=Authenticator.Type.RECOVERY_CODES).count()
    found.delete()
    if number:
        _tell_that_they_are_gone(user)
    return number


def _tell_that_they_are_gone(user: User) -> None:
    context = {"SITE_URL": settings.SITE_URL}
    subject, body = (
        render_to_string(f"mfa/email/forgotten_{part}.txt", context).strip() for part in ("subject", "message")
    )
    mail.send_soon(subject=subject, body=body, to=user.email, person=str(user.pk))


@transaction.atomic
def encrypt_anew() -> int:
    """Encrypt all secrets with the SECRET_KEY of now, so that the one before can go; how many people have some."""
    adapter = Adapter()
    with_secrets = Authenticator.objects.select_for_update().exclude(type=Authenticator.Type.WEBAUTHN)
    for each in with_secrets:
        name = "secret" if each.type == Authenticator.Type.TOTP else "seed"
        each.data[name] = adapter.encrypt(adapter.decrypt(each.data[name]))
        each.save(update_fields=["data"])
    return with_secrets.values("user").distinct().count()
