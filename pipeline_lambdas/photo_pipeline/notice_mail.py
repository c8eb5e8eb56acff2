"""A notice as a mail that any program shows: plain text, and HTML with its pictures inside.

The pictures are parts of the mail, since an address that opens one without logging in would have to die soon or stay
open for whoever reads the mail later. They are JPEGs, which Outlook shows as well.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from email import policy
from email.message import EmailMessage
from email.utils import formatdate
from typing import cast

from .notices import Notice, Picture

# A line of a header may be that long, and an address in one that is folded is none any more.
_POLICY = policy.SMTP.clone(max_line_length=998)
_WIDTH = 552
_COLUMNS = {1: 1, 2: 2, 4: 2}

_HTML = """\
<!doctype html>
<html lang="{language}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">
<title>{subject}</title>
<style>
:root {{ color-scheme: light dark; supported-color-schemes: light dark; }}
@media (prefers-color-scheme: dark) {{
.ground {{ background: #0f1114 !important; }}
.text {{ color: #e9ebee !important; }}
.quiet, .quiet a {{ color: #a9aeb6 !important; }}
.rule {{ border-color: #2e3238 !important; }}
.action {{ background: #86b6f4 !important; color: #0b1526 !important; }}
}}
</style></head>
<body class="ground" style="margin:0;padding:0;background:#f9fafb">
<table role="presentation" class="ground" width="100%" cellpadding="0" cellspacing="0" style="background:#f9fafb">
<tr><td align="center" style="padding:24px 16px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="max-width:{width}px">
<tr><td class="text" align="left" style="font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;\
color:#1b1f26;text-align:start">
<h1 style="font-size:22px;line-height:1.2;margin:0 0 16px;text-wrap:balance">{subject}</h1>
{body}
<p style="margin:24px 0"><a class="action" href="{gallery}" style="display:inline-block;padding:12px 16px;\
border-radius:6px;background:#1f5fd0;color:#ffffff;text-decoration:none;font-weight:600">{open_gallery}</a></p>
<p class="quiet rule" style="font-size:13px;margin:24px 0 0;padding-top:16px;border-top:1px solid #dcdfe4;\
color:#565b63">{why_told}{links}</p>
</td></tr></table>
</td></tr></table>
</body></html>
"""
_CELL = """\
<td width="{share}%" style="padding:2px"><a href="{url}"><img src="cid:{cid}" alt="{alt}" width="{width}" \
style="display:block;width:100%;max-width:{most}px;height:auto;border:0;border-radius:3px"></a></td>"""
_HEADING = '<h2 style="font-size:15px;line-height:1.5;margin:16px 0 0">{}</h2>'


def as_mail(notice: Notice, *, sender: str, to: str) -> bytes:
    """The whole mail, for SES to send as it is."""
    mail = EmailMessage(policy=_POLICY)
    mail["From"], mail["To"], mail["Subject"] = sender, to, notice.subject
    mail["Date"] = formatdate()
    mail["Auto-Submitted"] = "auto-generated"
    if notice.unsubscribe_url:
        mail["List-Unsubscribe"] = f"<{notice.unsubscribe_url}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(notice.text, cte="quoted-printable")
    mail.add_alternative(as_html(notice), subtype="html", cte="quoted-printable")
    _add_pictures(mail, notice.pictures)
    return mail.as_bytes()


def _add_pictures(mail: EmailMessage, pictures: Sequence[Picture]) -> None:
    _text, page = cast("list[EmailMessage]", list(mail.iter_parts()))
    for number, picture in enumerate(pictures):
        page.add_related(
            picture.jpeg,
            "image",
            "jpeg",
            cid=f"<{_cid(number)}>",
            disposition="inline",
            filename=f"photo-{number + 1}.jpg",
        )


def _cid(number: int) -> str:
    return f"photo-{number + 1}@shoebox"


def as_html(notice: Notice) -> str:
    words = notice.words
    links = [_link(notice.settings_url, words.change)]
    if notice.unsubscribe_url:
        links.append(_link(notice.unsubscribe_url, words.unsubscribe))
    return _HTML.format(
        language=words.language,
        width=_WIDTH,
        subject=html.escape(notice.subject),
        body="\n".join(filter(None, [_test(notice), _grid(notice.pictures), _labels(notice), _problems(notice)])),
        gallery=html.escape(notice.gallery_url),
        open_gallery=html.escape(words.open_gallery),
        why_told="" if notice.is_test else f"{html.escape(words.why_told)}<br>",
        links=" · ".join(links),
    )


def _link(url: str, text: str) -> str:
    return f'<a href="{html.escape(url)}" style="color:inherit">{html.escape(text)}</a>'


def _test(notice: Notice) -> str:
    return f'<p style="margin:0">{html.escape(notice.words.test_text)}</p>' if notice.is_test else ""


def _grid(pictures: Sequence[Picture]) -> str:
    if not pictures:
        return ""
    columns = _COLUMNS.get(len(pictures), 3)
    cells = [_cell(number, picture, columns) for number, picture in enumerate(pictures)]
    cells += [f'<td width="{100 // columns}%"></td>'] * (-len(cells) % columns)
    rows = ("".join(cells[at : at + columns]) for at in range(0, len(cells), columns))
    table = '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="table-layout:fixed">'
    return table + "".join(f"<tr>{row}</tr>" for row in rows) + "</table>"


def _cell(number: int, picture: Picture, columns: int) -> str:
    width = min(_WIDTH // columns - 4, 320)
    return _CELL.format(
        share=100 // columns,
        url=html.escape(picture.url),
        cid=_cid(number),
        alt=html.escape(picture.alt),
        width=width,
        most=width,
    )


def _labels(notice: Notice) -> str:
    if not notice.labels:
        return ""
    return _HEADING.format(notice.words.labels) + f'<p style="margin:0">{html.escape(notice.labels)}</p>'


def _problems(notice: Notice) -> str:
    if not notice.problems:
        return ""
    items = "".join(f'<li style="margin:4px 0">{html.escape(problem)}</li>' for problem in notice.problems)
    return _HEADING.format(notice.words.problems) + f'<ul style="margin:0;padding:0 0 0 20px">{items}</ul>'
