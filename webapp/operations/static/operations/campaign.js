// A campaign under way shows how far it is, every few seconds; without this the page says so when it is loaded anew.
(function () {
  "use strict";
  const SECONDS = 3;
  function later() {
    setTimeout(look, SECONDS * 1000);
  }
  async function look() {
    const live = document.querySelector("[data-live]");
    if (!live) return;
    if (document.hidden || live.contains(document.activeElement)) return later();
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const now = page.getElementById("live");
      if (answer.ok && now) live.replaceWith(now);
    } catch (_error) {
      // The next look may get an answer.
    }
    later();
  }
  later();
})();
