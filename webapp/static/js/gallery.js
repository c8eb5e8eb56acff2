// The timeline: goes on by itself, and the address bar says where in it the person is. Without this, links do both.
"use strict";

(() => {
  const timeline = document.getElementById("timeline");
  if (!timeline) return;
  const said = document.getElementById("timeline-said");
  const AHEAD = 1500; // pixels: how long before its end the timeline goes on
  const STALLED = 30_000;
  const AGAIN = 3000;
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  // --- Going on ---

  const find = (rel) => timeline.querySelector(`:scope > nav a[rel="${rel}"]`);

  // A month that the page before has begun goes on in it: below as if it were one page, above as a block of its own,
  // so that no picture in view changes its place.
  const join = (earlier, later, isAbove) => {
    if (!earlier || !later || earlier.dataset.month !== later.dataset.month) return;
    if (isAbove) {
      later.querySelector("h2").after(...earlier.querySelectorAll(".tiles"));
      earlier.remove();
    } else {
      const tiles = earlier.querySelectorAll(".tiles");
      tiles[tiles.length - 1].append(...later.querySelectorAll(".tile"));
      later.remove();
    }
  };

  const add = (html, isAbove) => {
    const part = document.createElement("div");
    part.innerHTML = html;
    // The far end's link comes along; the near end's leads to what is here already.
    part.querySelector(`a[rel="${isAbove ? "next" : "prev"}"]`)?.closest("nav").remove();
    // A photo that has come to its end meanwhile may have gone to another day; it stays where it was seen first.
    for (const tile of part.querySelectorAll(".tile")) if (document.getElementById(tile.id)) tile.remove();
    for (const month of part.querySelectorAll(".month")) if (!month.querySelector(".tile")) month.remove();
    const months = [...part.querySelectorAll(".month")];
    const here = timeline.querySelectorAll(":scope > .month");
    const nodes = [...part.children];
    if (isAbove) {
      if (!part.querySelector('a[rel="prev"]')) timeline.dataset.first = "yes";
      // Small months stand beside each other: what is here begins a line, as it did before.
      timeline.prepend(...nodes, document.createElement("div"));
      join(months.at(-1), here[0], true);
    } else {
      timeline.append(...nodes);
      join(here[here.length - 1], months[0], false);
    }
    for (const node of nodes) if (node.isConnected) htmx.process(node);
    if (months.length) said.textContent = timeline.dataset.loaded;
  };

  const load = async (rel) => {
    const link = find(rel);
    if (!link || link.dataset.busy) return;
    link.dataset.busy = "yes";
    try {
      const answer = await fetch(link.href, { headers: { "HX-Request": "true" }, signal: AbortSignal.timeout(STALLED) });
      if (answer.redirected) return location.reload(); // to log in, and from there back
      if (!answer.ok) throw new Error(answer.status);
      const html = await answer.text();
      const anchor = firstInView();
      const before = anchor?.getBoundingClientRect().top;
      link.closest("nav").remove();
      add(html, rel === "prev");
      if (rel === "prev" && anchor) scrollBy({ top: anchor.getBoundingClientRect().top - before, behavior: "instant" });
      watch();
      remember();
    } catch {
      // No network, no pictures right now, or the person was on another page meanwhile. The link can be followed, too.
      delete link.dataset.busy;
      setTimeout(watch, AGAIN);
    }
  };

  const nearing = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) if (entry.isIntersecting) load(entry.target.rel);
    },
    { rootMargin: `${AHEAD}px 0px` },
  );

  const watch = () => {
    nearing.disconnect();
    for (const link of [find("next"), find("prev")]) if (link) nearing.observe(link);
  };

  // --- Where the person is: ?at= names the first photo in view, which its page begins with ---

  const header = () => document.querySelector(".site-header")?.offsetHeight ?? 0;

  const firstInView = () => {
    const top = header();
    const all = timeline.getElementsByClassName("tile");
    let [low, high] = [0, all.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (all[middle].getBoundingClientRect().bottom > top + 48) high = middle;
      else low = middle + 1;
    }
    return all[low];
  };

  const remember = () => {
    const tile = firstInView();
    if (!tile) return;
    const isTop = tile === timeline.querySelector(".tile") && timeline.dataset.first && scrollY < innerHeight;
    const address = new URL(timeline.dataset.home, location.href);
    if (!isTop) address.searchParams.set("at", tile.id.slice(5));
    const place = { tile: tile.id, top: tile.getBoundingClientRect().top, y: isTop ? scrollY : null };
    history.replaceState({ ...history.state, place }, "", address);
  };

  const restore = () => {
    const place = history.state?.place;
    const tile = document.getElementById(place?.tile ?? location.hash.slice(1));
    if (typeof place?.y === "number") scrollTo({ top: place.y, behavior: "instant" });
    else if (tile) {
      const top = place?.top ?? header() + 56;
      scrollBy({ top: tile.getBoundingClientRect().top - top, behavior: "instant" });
    }
    return tile;
  };

  history.scrollRestoration = "manual";
  const asked = /^#tile-([0-9a-f-]{36})$/.exec(location.hash);
  const isAsked = new URLSearchParams(location.search).get("at") === asked?.[1];
  if (asked && !isAsked && !document.getElementById(asked[0].slice(1))) {
    // A photo further down than this page: begin with it.
    const address = new URL(timeline.dataset.home, location.href);
    address.searchParams.set("at", asked[1]);
    address.hash = asked[0];
    location.replace(address);
    return;
  }
  const returned = restore();
  if (returned && asked) returned.querySelector("a").focus({ preventScroll: true });

  let waiting = 0;
  addEventListener("scroll", () => {
    clearTimeout(waiting);
    waiting = setTimeout(remember, 150);
  }, { passive: true });
  addEventListener("pagehide", remember);
  document.addEventListener("click", remember, true);
  watch();

  // --- Arrow keys go from tile to tile, rows included ---

  const links = () => [...timeline.querySelectorAll(".tile > a")];

  const vertical = (from, all, down) => {
    const here = from.getBoundingClientRect();
    const middle = here.left + here.width / 2;
    let best = null;
    for (const link of all) {
      const box = link.getBoundingClientRect();
      const gap = down ? box.top - here.bottom : here.top - box.bottom;
      if (gap < -here.height / 2 || (down ? box.top <= here.top : box.top >= here.top)) continue;
      const away = Math.max(gap, 0) * 1000 + Math.abs(box.left + box.width / 2 - middle);
      if (!best || away < best.away) best = { link, away };
    }
    return best?.link;
  };

  timeline.addEventListener("keydown", (event) => {
    const tile = event.target.closest?.(".tile");
    if (!tile || event.altKey || event.ctrlKey || event.metaKey) return;
    const all = links();
    const at = all.indexOf(tile.querySelector("a"));
    const forward = getComputedStyle(timeline).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
    const to = {
      [forward]: () => all[at + 1],
      [forward === "ArrowRight" ? "ArrowLeft" : "ArrowRight"]: () => all[at - 1],
      ArrowDown: () => vertical(all[at], all, true),
      ArrowUp: () => vertical(all[at], all, false),
      Home: () => all[0],
      End: () => all.at(-1),
    }[event.key];
    if (!to) return;
    event.preventDefault();
    const next = to();
    next?.focus({ preventScroll: true });
    next?.scrollIntoView({ block: "nearest", behavior: calm.matches ? "instant" : "auto" });
  });

  // --- Failures, once read, are not said again ---

  const hide = document.querySelector("#failures [data-hide]");
  if (hide) hide.hidden = false;
  document.addEventListener("click", (event) => {
    const section = event.target.closest?.("[data-hide]")?.closest("[data-newest]");
    if (!section) return;
    const safe = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `failures_read=${section.dataset.newest}; path=/gallery/; max-age=31536000; samesite=lax${safe}`;
    section.remove();
    document.getElementById("content").focus();
  });
  document.addEventListener("htmx:oobAfterSwap", () => {
    for (const button of document.querySelectorAll("#failures [data-hide]")) button.hidden = false;
  });
})();
