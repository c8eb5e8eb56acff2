"""What the upload page does with answers that do not come, come late, or say no. The answers are here, not a stack."""

from __future__ import annotations

import hashlib
import json
import mimetypes
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from playwright.sync_api import BrowserContext, FilePayload, Page, Route, expect

from tests import photo_files
from webapp.accounts.quota import Room
from webapp.photos.forms import UploadForm
from webapp.photos.upload_views import _limits
from webapp.photos.upload_words import words

GOOD = photo_files.encode(photo_files.photo().resize((160, 120)), "JPEG")
ROOM = Room(bytes_used=0, photos_used=0, bytes_limit=10**10, photos_limit=20_000)
AGAIN = "Waiting to try again"
TRIES = 8
Answer = tuple[int, Any]


class Answers(BaseHTTPRequestHandler):
    """A site and its S3 in one: `script` says what is answered next to an address, and then everything goes well."""

    script: dict[str, list[Answer]]
    asked: list[tuple[str, Any]]

    def do_GET(self) -> None:
        if self.path.startswith("/static/"):
            body = Path(str(finders.find(self.path.removeprefix("/static/")))).read_bytes()
            self._say(200, body, mimetypes.guess_type(self.path)[0] or "")
            return
        context = {"form": UploadForm(), "room": ROOM, "limits": _limits(), "words": words()}
        page = render_to_string("photos/upload.html", context)
        token = '<input type="hidden" name="csrfmiddlewaretoken" value="token">'
        self._say(200, page.replace("data-drop>", f"data-drop>{token}", 1).encode(), "text/html")

    def do_POST(self) -> None:
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        what = self.path.split("/")[2]
        self.asked.append((what, said))
        status, answer = self._next(what) or (200, getattr(self, f"_{what}")(said))
        headers = {"Location": answer} if status == 302 else {}
        self._say(status, json.dumps(answer).encode(), "application/json", **headers)

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append(("put", self.path))
        self._say(*(self._next("put") or (200, b""))[:1], b"", "text/plain")

    def _next(self, what: str) -> Answer | None:
        left = self.script.get(what)
        return left.pop(0) if left else None

    def _begin(self, _said: Any) -> Any:
        return {"batch": f"batch-{sum(what == 'begin' for what, _ in self.asked)}"}

    def _addresses(self, said: Any) -> Any:
        return {"files": [place_of(file) for file in said["files"]]}

    def _cancel(self, _said: Any) -> Any:
        return {}

    _finish = _cancel

    def _say(self, status: int, body: bytes, media_type: str, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": media_type, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def place_of(file: Any) -> dict[str, Any]:
    name = file["name"]
    return {"photo": name, "link": f"/photos/{name}/", "url": f"/s3/{name}", "headers": {"If-None-Match": "*"}}


class Upload:
    """The page, with what it is answered and what it asked for."""

    def __init__(self, page: Page, server: ThreadingHTTPServer) -> None:
        handler: Any = server.RequestHandlerClass
        self.page, self.script, self.asked = page, handler.script, handler.asked
        page.goto(f"http://127.0.0.1:{server.server_port}/upload/")

    def choose(self, files: dict[str, bytes]) -> None:
        some: list[FilePayload] = [
            {"name": name, "mimeType": "image/jpeg", "buffer": data} for name, data in files.items()
        ]
        self.page.locator("#id_photos").set_input_files(some)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def send(self, *names: str) -> None:
        self.choose({name: GOOD + name.encode() for name in names})
        self.press("Upload 1 photo" if len(names) == 1 else f"Upload {len(names)} photos")

    def state(self, name: str) -> Any:
        return self.page.get_by_role("listitem").filter(has_text=name).locator(".upload-state")

    def expect_said(self, text: str) -> None:
        expect(self.page.locator("[data-said]")).to_have_text(text)

    def expect_asked(self, what: str, times: int) -> None:
        self.wait(lambda: len(self.bodies(what)) >= times)
        assert len(self.bodies(what)) == times

    def wait(self, condition: Callable[[], bool]) -> None:
        """Wait until `condition()` is true, and let the page go on meanwhile; whoever calls this asks it again."""
        for _ in range(600):
            if condition():
                break
            self.page.wait_for_timeout(50)

    def bodies(self, what: str) -> list[Any]:
        return [said for name, said in self.asked if name == what]


@pytest.fixture
def upload(browser: object, new_context: Callable[..., BrowserContext]) -> Iterator[Upload]:
    handler = type("Told", (Answers,), {"script": {}, "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield Upload(new_context().new_page(), server)
    server.shutdown()
    server.server_close()


def test_files_are_announced_in_groups_sent_and_their_batch_is_finished(upload: Upload) -> None:
    names = [f"{n:02}.jpg" for n in range(20)]
    upload.send(*names)
    upload.expect_said("20 photos received.")
    expect(upload.state("07.jpg").get_by_role("link", name="Sent")).to_have_attribute("href", "/photos/07.jpg/")
    groups = upload.bodies("addresses")
    assert all(group["batch"] == "batch-1" and len(group["files"]) <= 8 for group in groups)
    told = {file["name"]: file for group in groups for file in group["files"]}
    assert sorted(told) == sorted(path.removeprefix("/s3/") for path in upload.bodies("put")) == names
    data = GOOD + b"03.jpg"
    assert told["03.jpg"] | {"head": ""} == {
        "name": "03.jpg", "size": len(data), "head": "", "sha256": hashlib.sha256(data).hexdigest(),
        "width": 160, "height": 120,
    }  # fmt: skip
    upload.expect_asked("finish", 1)
    assert [upload.bodies(what) for what in ("begin", "finish")] == [[{}], [{"batch": "batch-1"}]]


@pytest.mark.parametrize("answer", [(503, ""), (403, ""), (500, "")], ids=lambda answer: answer[0])
def test_what_s3_does_not_take_is_sent_again_to_a_new_address(upload: Upload, answer: Answer) -> None:
    upload.script["put"] = [answer]
    upload.send("a.jpg")
    upload.expect_said("1 photo received.")
    upload.expect_asked("finish", 1)
    assert Counter(what for what, _ in upload.asked) == {"begin": 1, "addresses": 2, "put": 2, "finish": 1}


@pytest.mark.parametrize(
    ("what", "answer", "text"),
    [
        ("addresses", (503, ""), "Could not be sent: something is wrong on our side."),
        ("put", (403, ""), "Could not be sent: something is wrong on our side."),
        ("put", None, "Could not be sent. Look at your connection"),
    ],
    ids=["the site", "S3", "the network"],
)
def test_what_is_not_sent_after_all_tries_says_whose_trouble_it_was(
    upload: Upload, what: str, answer: Answer | None, text: str
) -> None:
    if answer:
        upload.script[what] = [answer] * TRIES
    else:
        upload.page.route("**/s3/*", lambda route: route.abort())
    upload.page.clock.install()
    upload.send("a.jpg")
    for _ in range(100):
        if "Could not be sent" in upload.state("a.jpg").inner_text():
            break
        upload.page.clock.fast_forward(31_000)
        upload.page.wait_for_timeout(100)
    expect(upload.state("a.jpg")).to_contain_text(text)


def test_what_s3_has_already_is_sent(upload: Upload) -> None:
    upload.script["put"] = [(412, "")]
    upload.send("a.jpg")
    upload.expect_said("1 photo received.")
    assert len(upload.bodies("put")) == 1


def test_what_the_site_knows_is_not_sent(upload: Upload) -> None:
    there = {"photo": "1", "link": "/photos/1/"}
    places = [
        {**there, "duplicate": True, "is_in_trash": False},
        {**there, "duplicate": True, "is_in_trash": True},
        {**there, "duplicate": True, "is_in_trash": False, "why": "Finding labels failed."},
        {**there, "arrived": True},
        {"refused": "Too small."},
    ]
    answers: list[Answer] = [(200, {"files": [place]}) for place in places]
    for number, answer in enumerate(answers):
        upload.script["addresses"] = [answer]
        upload.send(f"{number}.jpg")
        expect(upload.page.get_by_role("link", name="See your gallery")).to_be_visible()
    known = ["Already in your gallery", "Already in your trash", "You sent this before. Finding labels failed."]
    for number, text in enumerate([*known, "Sent", "Too small."]):
        expect(upload.state(f"{number}.jpg")).to_have_text(text)
    expect(upload.state("2.jpg").get_by_role("link")).to_have_attribute("href", "/photos/1/")
    upload.expect_said("1 photo received. 3 were there already. 1 was refused.")
    assert upload.bodies("put") == []


def test_what_is_chosen_has_its_size_and_a_preview_only_where_it_can_be_shown(upload: Upload) -> None:
    upload.choose(
        {"small.jpg": GOOD, "large.jpg": GOOD.ljust(2_400_000), "torn.jpg": b"\xff\xd8\xff\xe0" + bytes(9000)}
    )
    for name, text in {"small.jpg": "under 0.1 MB", "large.jpg": "2.4 MB", "torn.jpg": "under 0.1 MB"}.items():
        expect(upload.state(name)).to_have_text(text)
    row = upload.page.get_by_role("listitem")
    expect(row.filter(has_text="torn.jpg").locator("img")).to_have_count(0)
    expect(row.filter(has_text="small.jpg").locator("img")).to_have_count(1)


def test_a_photo_that_was_chosen_twice_is_sent_once(upload: Upload) -> None:
    upload.choose({"a.jpg": GOOD, "copy of a.jpg": GOOD})
    upload.press("Upload 2 photos")
    expect(upload.state("copy of a.jpg")).to_have_text("The same photo as a.jpg")
    upload.expect_said("1 photo received. 1 was there already.")
    assert upload.bodies("put") == ["/s3/a.jpg"]


def test_when_a_photo_that_was_chosen_twice_is_cancelled_the_other_takes_its_place(upload: Upload) -> None:
    upload.page.route("**/s3/a.jpg", lambda _route: None)
    upload.choose({"a.jpg": GOOD, "b.jpg": GOOD, "c.jpg": GOOD})
    upload.press("Upload 3 photos")
    states = upload.page.locator(".upload-state")
    expect(states.nth(2)).to_have_text("The same photo as a.jpg")
    upload.press("Cancel a.jpg")
    expect(states).to_have_text(["Cancelled", "Sent", "The same photo as b.jpg"])
    upload.press("Try again a.jpg")
    expect(states.first).to_have_text("The same photo as b.jpg")
    assert upload.bodies("put") == ["/s3/b.jpg"]


def test_of_photos_that_were_chosen_twice_none_is_left_when_all_are_cancelled(upload: Upload) -> None:
    upload.page.route("**/s3/*", lambda _route: None)
    upload.choose({"a.jpg": GOOD, "b.jpg": GOOD, "c.jpg": GOOD})
    upload.press("Upload 3 photos")
    expect(upload.state("c.jpg")).to_have_text("The same photo as a.jpg")
    upload.press("Cancel all")
    upload.expect_said("3 were not sent.")


def test_files_that_are_alike_but_lie_in_other_folders_are_no_second_choice_of_one(upload: Upload) -> None:
    alike = upload.page.evaluate(
        """() => ["/a/1.jpg", "/b/1.jpg"].map((path) => {
            const at = (path) => Object.assign(new File(["x"], "1.jpg", { lastModified: 1 }), { path });
            return Shoebox.isSame(at("/a/1.jpg"), at(path));
        })"""
    )
    assert alike == [True, False]


@pytest.mark.parametrize("status", [500, 502, 429], ids=str)
def test_a_site_that_does_not_answer_is_asked_again(upload: Upload, status: int) -> None:
    upload.script["addresses"] = [(status, "")]
    upload.script["finish"] = [(status, "")]
    upload.send("a.jpg")
    upload.expect_said("1 photo received.")
    upload.expect_asked("finish", 2)


def test_a_batch_that_takes_no_more_is_finished_and_followed_by_another(upload: Upload) -> None:
    upload.script["addresses"] = [(409, {"error": ""})]
    upload.send("a.jpg")
    upload.expect_said("1 photo received.")
    assert [group["batch"] for group in upload.bodies("addresses")] == ["batch-1", "batch-2"]
    upload.expect_asked("finish", 2)
    assert [what for what, _ in upload.asked if what in ("begin", "finish")] == ["begin", "finish", "begin", "finish"]
    assert [said["batch"] for said in upload.bodies("finish")] == ["batch-1", "batch-2"]


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ((302, "/accounts/login/?next=/upload/"), "You are logged out. Log in in another window, then go on here"),
        ((400, ""), "Something went wrong on our side. Nothing you chose is lost"),
        ((429, {"error": "Wait ten minutes, then go on."}), "Wait ten minutes, then go on."),
    ],
    ids=["logged out", "not understood", "too often"],
)
def test_what_only_a_person_can_mend_is_said_and_goes_on_when_they_say_so(
    upload: Upload, answer: Answer, sentence: str
) -> None:
    upload.script["addresses"] = [answer]
    upload.send("a.jpg", "b.jpg")
    expect(upload.page.locator("[data-trouble]")).to_contain_text(sentence)
    expect(upload.page.locator("[data-spoken]")).to_contain_text(sentence)
    upload.press("Go on")
    upload.expect_said("2 photos received.")


def test_a_token_of_before_a_login_elsewhere_is_renewed(upload: Upload) -> None:
    upload.script["begin"] = [(403, "")]
    upload.send("a.jpg")
    upload.expect_said("1 photo received.")
    expect(upload.page.locator("[data-trouble]")).to_be_hidden()


def test_what_is_cancelled_is_taken_back_and_can_be_sent_after_all(upload: Upload) -> None:
    upload.page.route("**/s3/a.jpg", lambda _route: None)  # on its way for ever
    upload.send("a.jpg", "b.jpg")
    expect(upload.state("b.jpg")).to_have_text("Sent")
    upload.press("Cancel a.jpg")
    expect(upload.state("a.jpg")).to_have_text("Cancelled")
    upload.expect_said("1 photo received. 1 was not sent.")
    expect(upload.page.get_by_role("link", name="See your gallery")).to_be_visible()
    upload.expect_asked("cancel", 1)
    assert upload.bodies("cancel") == [{"batch": "batch-1", "photos": ["a.jpg"]}]
    upload.page.unroute("**/s3/a.jpg")
    upload.press("Try again a.jpg")
    upload.expect_said("2 photos received.")


def test_what_is_tried_again_while_it_is_taken_back_waits_until_that_is_done(upload: Upload) -> None:
    waiting: list[Route] = []
    upload.page.route("**/s3/a.jpg", lambda _route: None)
    upload.page.route("**/upload/cancel/", lambda route: waiting.append(route))
    upload.send("a.jpg")
    expect(upload.page.locator("[data-state=sending]")).to_have_count(1)
    upload.page.get_by_role("button", name="Cancel a.jpg").dblclick()
    upload.press("Try again a.jpg")
    expect(upload.state("a.jpg")).to_have_text("Waiting")
    upload.wait(lambda: bool(waiting))
    upload.page.wait_for_timeout(300)
    assert len(upload.bodies("addresses")) == len(waiting) == 1
    upload.page.unroute("**/s3/a.jpg")
    waiting[0].continue_()
    upload.expect_said("1 photo received.")
    assert len(upload.bodies("cancel")) == 1


def test_all_are_cancelled_together_and_the_page_asks_before_it_is_left_only_until_then(upload: Upload) -> None:
    upload.page.route("**/s3/*", lambda _route: None)
    upload.send(*(f"{n}.jpg" for n in range(6)))
    expect(upload.page.locator("[data-state=sending]")).to_have_count(4)
    asked: list[str] = []
    upload.page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    upload.page.close(run_before_unload=True)
    upload.wait(lambda: bool(asked))
    upload.press("Cancel all")
    upload.expect_said("6 were not sent.")
    assert asked == ["beforeunload"]
    upload.expect_asked("cancel", 6)
    taken_back = {photo for body in upload.bodies("cancel") for photo in body["photos"]}
    assert taken_back == {f"{n}.jpg" for n in range(6)}


def test_what_is_no_photo_is_refused_before_anything_is_sent(upload: Upload) -> None:
    upload.choose(
        {
            "diary.jpg": photo_files.text_named_jpg(),
            "empty.jpg": b"",
            "bomb.png": photo_files.png(20_000, 20_000),
            "tiny.png": photo_files.png(9, 9),
            "film.heic": b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(200),
            ".hidden.jpg": GOOD,
        }
    )
    expect(upload.page.get_by_role("listitem")).to_have_count(5)
    for name, text in {
        "diary.jpg": "This is not a photo we can read.",
        "empty.jpg": "This file is empty.",
        "bomb.png": "Too many pixels: 20000 × 20000 is 400 megapixels, the most is 100.",
        "tiny.png": "Too small: 9 × 9 pixels, the least is 80 on each side.",
        "film.heic": "This is not a photo we can read.",
    }.items():
        expect(upload.state(name)).to_contain_text(text)
    assert upload.asked == []


@pytest.mark.parametrize(
    ("make", "size"),
    [
        (lambda: photo_files.phone_jpeg(orientation=6), (451, 300)),
        (lambda: photo_files.phone_jpeg(orientation=1), (451, 300)),
        (photo_files.heic, (600, 400)),
        (photo_files.transparent_png, None),
        (lambda: photo_files.encode(photo_files.photo(), "GIF"), (451, 300)),
        (lambda: photo_files.encode(photo_files.photo(), "AVIF"), (451, 300)),
        (lambda: photo_files.encode(photo_files.photo(), "TIFF"), (0, 0)),
        (lambda: photo_files.encode(photo_files.photo(), "BMP"), (0, 0)),
        (lambda: b"RIFF\x10\0\0\0WEBPVP8X\x0a\0\0\0", (0, 0)),
    ],
)
def test_the_size_in_a_header_is_upright_or_unknown(
    upload: Upload, make: Callable[[], bytes], size: tuple[int, int] | None
) -> None:
    upload.choose({"photo": make()})
    upload.press("Upload 1 photo")
    upload.expect_said("1 photo received.")
    (told,) = upload.bodies("addresses")[0]["files"]
    assert (told["width"], told["height"]) == (size or photo_files.photo("rocket").size)


def test_of_more_than_a_batch_holds_the_first_ones_are_taken(upload: Upload) -> None:
    upload.choose({f"{n:03}.jpg": GOOD for n in range(501)})
    expect(upload.page.locator("[data-trouble]")).to_contain_text("Only the first 500 are in the list.")
    expect(upload.page.get_by_role("button", name="Upload 500 photos", exact=True)).to_be_enabled()


def test_a_folder_is_walked_and_what_is_dropped_joins_the_list(upload: Upload) -> None:
    upload.page.evaluate(
        """async () => {
            const file = (name) => ({ isFile: true, file: (done) => done(new File(["x"], name)) });
            const folder = (...entries) => ({
                isDirectory: true,
                createReader: () => ({ readEntries: (done) => done(entries.splice(0, 2)) }),
            });
            const entries = [folder(file("a"), folder(file("b"), file("c"), file("d")), file("e")), file("f")];
            const transfer = { items: entries.map((entry) => ({ webkitGetAsEntry: () => entry })) };
            window.found = (await Shoebox.filesOf(transfer)).files.map((each) => each.name).join();
            const dropped = new DataTransfer();
            dropped.items.add(new File(["x"], "dropped.txt"));
            document.dispatchEvent(new DragEvent("drop", { dataTransfer: dropped, bubbles: true }));
        }"""
    )
    assert upload.page.evaluate("window.found") == "a,b,c,d,e,f"
    expect(upload.state("dropped.txt")).to_contain_text("This is not a photo we can read.")


def test_what_cannot_be_read_of_a_folder_is_counted_and_the_rest_joins_the_list(upload: Upload) -> None:
    upload.page.evaluate(
        """() => {
            const fail = (_, failed) => failed(new DOMException("", "NotFoundError"));
            const folder = (readEntries) => ({ isDirectory: true, createReader: () => ({ readEntries }) });
            const good = { isFile: true, file: (done) => done(new File(["x"], "a.txt")) };
            const entries = [{ isFile: true, file: fail }, folder(fail), good];
            const item = { webkitGetAsEntry: () => folder((done) => done(entries.splice(0, 2))) };
            const drop = new DragEvent("drop", { bubbles: true });
            Object.defineProperty(drop, "dataTransfer", { value: { items: [item] } });
            document.dispatchEvent(drop);
        }"""
    )
    expect(upload.state("a.txt")).to_contain_text("This is not a photo we can read.")
    expect(upload.page.locator("[data-trouble]")).to_have_text(
        "2 items that you dropped could not be read and are not in the list."
    )
