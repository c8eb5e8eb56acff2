"""What a person is told when their photos are done: values in, texts out."""

from __future__ import annotations

import html
from collections import Counter
from dataclasses import dataclass

from .contract import Batch, Channel, Preferences, Reason, count_photos


@dataclass(frozen=True)
class Notice:
    """A mail's subject, plain and HTML text, and an SMS's text of at most 160 GSM characters."""

    subject: str
    text: str
    html: str
    sms: str


def wants(preferences: Preferences, batch: Batch) -> bool:
    """Whether a person asked to be told about a batch that ended like this, by a way that is known. Of a batch that all
    photos have left there is nothing to tell."""
    if not (batch.ready or batch.rejected or batch.failed):
        return False
    if preferences.only_problems and not (batch.rejected or batch.failed):
        return False
    address = {Channel.MAIL: preferences.email, Channel.SMS: preferences.phone}
    return bool(address.get(Channel(preferences.channel), ""))


def compose(batch: Batch, reasons: list[Reason], *, site_url: str) -> Notice:
    """The notice of a complete batch; `reasons` are those of its photos that are not ready."""
    summary = batch.summary
    problems = [
        f"{text} ({count_photos(count)})" for text, count in Counter(reason.text for reason in reasons).most_common()
    ]
    gallery = f"{site_url}/gallery/"
    settings = f"{site_url}/settings/notifications/"
    return Notice(
        subject=summary,
        text=_text(summary, problems, gallery, settings),
        html=_html(summary, problems, gallery, settings),
        sms=f"Shoebox: {summary}. {gallery}",
    )


def _text(summary: str, problems: list[str], gallery: str, settings: str) -> str:
    lines = [f"{summary}.", "", *(f"- {problem}" for problem in problems), *([""] if problems else [])]
    return "\n".join([*lines, f"Your gallery: {gallery}", "", f"Change what you are told: {settings}", ""])


_HTML = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<title>{summary}</title></head>
<body style="margin:0;padding:24px;font:15px/1.5 system-ui,sans-serif">
<div style="max-width:552px;margin:0 auto">
<h1 style="font-size:22px;line-height:1.2;margin:0 0 16px">{summary}</h1>
{problems}
<p style="margin:24px 0"><a href="{gallery}" style="display:inline-block;padding:12px 16px;border-radius:6px;\
background:#1f5fd0;color:#ffffff;text-decoration:none">Open your gallery</a></p>
<p style="font-size:13px">You get this because you uploaded photos to Shoebox. \
<a href="{settings}">Change what you are told</a>.</p>
</div></body></html>
"""


def _html(summary: str, problems: list[str], gallery: str, settings: str) -> str:
    items = "".join(f'<li style="margin:4px 0">{html.escape(problem)}</li>' for problem in problems)
    return _HTML.format(
        summary=html.escape(summary),
        problems=f'<ul style="padding-left:16px">{items}</ul>' if items else "",
        gallery=html.escape(gallery),
        settings=html.escape(settings),
    )
