// The page of one photo: where labels were found, full size, and its keys. The page works without it.
"use strict";

(() => {
  const LETTERS = "shoebox-letter-keys";
  const MOST_ENLARGED = 2; // as the page comes
  const find = (selector) => document.querySelector(selector);
  const isZoomed = () => find(".photo-stage")?.classList.contains("zoomed");

  // --- Where something was found: pointed at or focused for as long as that lasts, pressed until pressed again ---

  let pressed = "";
  let pointed = "";

  const draw = () => {
    for (const group of document.querySelectorAll("[data-boxes]")) {
      const name = group.dataset.boxes;
      group.classList.toggle("shown", name === pressed || name === pointed);
    }
    for (const row of document.querySelectorAll("[data-where]")) {
      row.querySelector(".where")?.setAttribute("aria-pressed", String(row.dataset.where === pressed));
    }
  };

  const point = (target) => {
    const name = target?.closest?.("[data-where]")?.dataset.where ?? "";
    if (name === pointed) return;
    pointed = name;
    draw();
  };

  const press = (row) => {
    pressed = row.dataset.where === pressed ? "" : row.dataset.where;
    pointed = "";
    draw();
    if (pressed) find(".photo-picture")?.scrollIntoView({ block: "nearest" });
  };

  document.addEventListener("pointerover", (event) => event.pointerType === "touch" || point(event.target));
  document.addEventListener("focusin", (event) => point(event.target.matches(":focus-visible") && event.target));
  document.addEventListener("focusout", () => point(null));

  // A label that was corrected is a row of its own making, and what is denied shows nothing.
  document.addEventListener("htmx:afterSettle", () => {
    if (!find(`[data-where="${pressed}"]`)) pressed = "";
    if (!find(`[data-where="${pointed}"]`)) pointed = "";
    draw();
  });

  // --- Full size: one pixel of the picture for one of the window, or twice what fits, if that is more ---

  const zoom = (at) => {
    const stage = find(".photo-stage");
    const size = find(".photo-size");
    if (!stage || !size) return;
    const shown = size.getBoundingClientRect();
    const { width, height } = size.viewBox.baseVal;
    const x = at ? (at.clientX - shown.left) / shown.width : 0.5;
    const y = at ? (at.clientY - shown.top) / shown.height : 0.5;
    const isNow = stage.classList.toggle("zoomed");
    const scale = isNow ? Math.max(1, (2 * shown.width) / width) : MOST_ENLARGED;
    size.setAttribute("width", width * scale);
    size.setAttribute("height", height * scale);
    find("#zoom").setAttribute("aria-pressed", String(isNow));
    const frame = find(".photo-frame");
    if (isNow) frame.tabIndex = 0;
    else frame.removeAttribute("tabindex");
    if (!isNow) return;
    frame.scrollLeft = x * frame.scrollWidth - frame.clientWidth / 2;
    frame.scrollTop = y * frame.scrollHeight - frame.clientHeight / 2;
    frame.focus({ preventScroll: true });
  };

  document.addEventListener("click", (event) => {
    const target = event.target;
    if (target.closest("#zoom")) zoom();
    else if (target.closest("[data-shortcuts]")) find("#shortcuts").showModal();
    else if (target.closest(".photo-picture")) zoom(event);
    else {
      const row = target.closest("[data-where]");
      if (row && (target.closest(".where") || !target.closest("a, button, form"))) press(row);
    }
  });

  // --- Keys. Letters can be turned off: somebody who speaks to their computer would press them unawares ---

  const useLetters = find("#letter-keys");
  try {
    useLetters.checked = localStorage.getItem(LETTERS) !== "off";
    useLetters.addEventListener("change", () => localStorage.setItem(LETTERS, useLetters.checked ? "on" : "off"));
  } catch {
    // A browser that keeps nothing: the choice holds for this page.
  }

  const goBack = () => (isZoomed() ? zoom() : pressed ? press({ dataset: { where: pressed } }) : find("#photo-back").click());
  const LETTER_KEYS = {
    z: () => zoom(),
    f: () => find("#favourite-button")?.click(),
    "?": () => find("#shortcuts").showModal(),
  };
  Shoebox.turnPages({
    frame: ".photo-frame",
    isHeld: isZoomed,
    keys: () => ({ Escape: goBack, ...(useLetters.checked ? LETTER_KEYS : {}) }),
  });

  // --- The next picture, once this one is there and nobody saves data ---

  const fetchNext = () => {
    const address = find("#turn-next")?.dataset.picture;
    if (!address || navigator.connection?.saveData) return;
    const next = new Image();
    next.fetchPriority = "low";
    next.src = address;
  };
  if (document.readyState === "complete") fetchNext();
  else window.addEventListener("load", fetchNext);
})();
