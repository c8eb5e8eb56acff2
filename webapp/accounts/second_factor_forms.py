"""allauth's forms of second factors, in our words. What they refuse is refused in the same words, whatever was sent."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.mfa import app_settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as base_forms
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import forms as totp_forms
from allauth.mfa.webauthn import forms as webauthn_forms
from cryptography.fernet import InvalidToken
from django import forms
from django.core.cache import cache
from django.utils.translation import gettext_lazy as _

from .forms import PlainWords

logger = logging.getLogger(__name__)
NO_PASSKEY = _("No passkey came from your browser. Press the button, and do what your device asks for.")


@contextmanager
def words_of_second_factors() -> Iterator[None]:
    """Where somebody tried too often, another password is no way in. What cannot be decrypted lets nobody in."""
    try:
        yield
    except InvalidToken as error:
        logger.exception("a second factor was encrypted with a SECRET_KEY that is not among SECRET_KEY_FALLBACKS")
        raise get_adapter().validation_error("incorrect_code") from error
    except forms.ValidationError as error:
        if error.code != "too_many_login_attempts":
            raise
        raise get_adapter().validation_error("too_many_tries") from error


class Words(PlainWords):
    LABELS = {
        "code": _("Code"),
        "name": _("Name"),
        "credential": _("Passkey"),
        "passwordless": _("Log in with it alone, without a password"),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "code" in self.fields:
            self.fields["code"].widget.attrs["inputmode"] = "numeric"
        if "credential" in self.fields:
            self.fields["credential"].error_messages |= {"required": NO_PASSKEY, "invalid": NO_PASSKEY}


# --- Codes -----------------------------------------------------------------------------------------------------------


class OnceOnly:
    """A code of an app is good for three periods, since clocks differ; allauth remembers for one that it was used."""

    user: Any
    authenticator: Authenticator
    cleaned_data: dict[str, Any]

    def clean_code(self) -> str:
        key = f"totp-used-{self.user.pk}-{''.join(filter(str.isalnum, self.cleaned_data['code']))}"
        if cache.get(key):
            raise get_adapter().validation_error("incorrect_code")
        with words_of_second_factors():
            code: str = super().clean_code()  # type: ignore[misc]
        if self.authenticator.type == Authenticator.Type.TOTP and not cache.add(key, True, _seconds_good()):
            raise get_adapter().validation_error("incorrect_code")
        return code


def _seconds_good() -> int:
    return app_settings.TOTP_PERIOD * (2 * app_settings.TOTP_TOLERANCE + 1)


class CodeForm(Words, OnceOnly, base_forms.AuthenticateForm):
    """A code of an app, or a recovery code."""


class CodeAgainForm(Words, OnceOnly, base_forms.ReauthenticateForm):
    pass


class SetUpAppForm(Words, totp_forms.ActivateTOTPForm):
    pass


# --- Passkeys --------------------------------------------------------------------------------------------------------


class MadeUp:
    """What no browser sends is refused as a passkey that does not fit; the library falls over it in many ways."""

    def full_clean(self) -> None:
        try:
            super().full_clean()  # type: ignore[misc]
        except (ValueError, TypeError, KeyError, AttributeError):
            self.add_error("credential", get_adapter().validation_error("incorrect_code"))  # type: ignore[attr-defined]


class AddPasskeyForm(Words, MadeUp, webauthn_forms.AddWebAuthnForm):
    passwordless = forms.BooleanField(
        required=False,
        initial=True,
        help_text=_("With your finger, your face or the PIN of the device. Older security keys cannot do that."),
    )


class RenamePasskeyForm(Words, webauthn_forms.EditWebAuthnForm):
    name = forms.CharField(max_length=60)


class _OfSomebody(Words, MadeUp):
    def clean_credential(self) -> Authenticator:
        with words_of_second_factors():
            found: Authenticator = super().clean_credential()  # type: ignore[misc]
        return found


class PasskeyForm(_OfSomebody, webauthn_forms.AuthenticateWebAuthnForm):
    pass


class PasskeyAgainForm(_OfSomebody, webauthn_forms.ReauthenticateWebAuthnForm):
    pass


class PasskeyLoginForm(Words, MadeUp, webauthn_forms.LoginWebAuthnForm):
    def clean_credential(self) -> Authenticator:
        """In the same words for somebody who is not there."""
        try:
            return super().clean_credential()
        except forms.ValidationError as error:
            raise get_adapter().validation_error("incorrect_code") from error
