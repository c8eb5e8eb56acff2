"""A phone number counts once its owner has typed the code that was sent to it.

A code has six digits and lives ten minutes. It may be tried five times and used once, and another one takes its place.
So many codes are sent a day: to one person, to one number whoever asks for it, and to everybody (see `sms`). With five
codes of five tries a day, a guesser hits once in a hundred years.
"""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from pipeline_lambdas.photo_pipeline import contract

from . import sms
from .models import NotificationPreferences, PhoneCode, User

SALT = "webapp.accounts.phones"
DIGITS = 6
LIVES = timedelta(minutes=10)
CODES_A_DAY = 5  # to one person, and to one number


def send_code(*, user: User) -> bool:
    """Send a new code to the number that `user` has chosen; False when there is none. Raises SmsError."""
    phone = _chosen_by(user)
    if not phone:
        return False
    _count(user, phone)  # before all else: a code that was sent stays good when no other one may be sent
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    fields = {"digest": _digest(user, phone, code), "expires_at": timezone.now() + LIVES, "tries": 0}
    PhoneCode.objects.update_or_create(user=user, defaults=fields)
    text = _("Your Shoebox code is %(code)s. It works for 10 minutes. Nobody from Shoebox asks you for it.")
    sms.send(user_id=user.pk, phone=phone, text=text % {"code": code})
    return True


@transaction.atomic
def confirm(*, user: User, code: str) -> bool:
    """Whether `code` is the one that was sent to the number `user` has chosen: then the number counts from now on. Call
    `preferences.copy` once this is committed.

    A try is counted before it is looked at, so that many at once are no more than one after the other.
    """
    if not PhoneCode.objects.open().filter(user=user).update(tries=F("tries") + 1):
        return False
    sent, phone = PhoneCode.objects.get(user=user), _chosen_by(user)
    if not constant_time_compare(sent.digest, _digest(user, phone, code)):
        return False
    sent.delete()
    # The number may become another one at this moment, which no code confirms.
    chosen = NotificationPreferences.objects.filter(user=user, phone=phone)
    return bool(chosen.update(phone_confirmed_at=timezone.now(), revision=F("revision") + 1))


def _chosen_by(user: User) -> str:
    chosen = NotificationPreferences.objects.filter(user=user).first()
    return str(chosen.phone or "") if chosen else ""


def _count(user: User, phone: str) -> None:
    now = timezone.now().isoformat()
    number = salted_hmac(SALT, phone, algorithm="sha256").hexdigest()
    for key in (contract.codes_of_person_key(str(user.pk), now), contract.codes_to_number_key(number, now)):
        sms.count(key, at_most=CODES_A_DAY)
    sms.count_one(user_id=user.pk)


def _digest(user: User, phone: str, code: str) -> str:
    """Six digits are found from a plain hash in no time: this one needs SECRET_KEY as well."""
    return salted_hmac(SALT, f"{user.pk} {phone} {code}", algorithm="sha256").hexdigest()
