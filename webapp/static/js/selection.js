// Selecting photos: by their marks, a range with shift, by the space bar; and labels found while they are typed.
"use strict";

(() => {
  const form = document.getElementById("selection");
  const timeline = document.getElementById("timeline");
  const mode = document.getElementById("select-mode");
  if (form && timeline) select();
  const input = document.querySelector("input[data-options]");
  if (input) suggest(input);

  function select() {
    const count = form.querySelector(".selection-count");
    let last = null;
    let range = false;

    const boxes = () => [...timeline.querySelectorAll(".tile > input")];
    const chosen = () => boxes().filter((box) => box.checked);

    const tell = () => {
      const number = chosen().length;
      const tooMany = number > Number(form.dataset.most);
      const words = tooMany ? form.dataset.tooMany : number === 1 ? form.dataset.one : form.dataset.many;
      count.textContent = number ? words.replace("%s", number.toLocaleString(document.documentElement.lang)) : "";
      form.classList.toggle("is-open", number > 0);
      timeline.classList.toggle("is-selecting", number > 0 || mode?.getAttribute("aria-pressed") === "true");
      for (const button of form.querySelectorAll("[name=do]")) button.disabled = tooMany;
    };

    const toggle = (box, isRange) => {
      const all = boxes();
      const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((one, other) => one - other);
      if (isRange && from >= 0) for (const each of all.slice(from, to + 1)) each.checked = box.checked;
      last = box;
      tell();
    };

    const clear = () => {
      for (const box of chosen()) box.checked = false;
      last = null;
      mode?.setAttribute("aria-pressed", "false");
      tell();
    };

    timeline.addEventListener("click", (event) => {
      const tile = event.target.closest(".tile");
      if (!tile) return;
      const box = tile.querySelector(":scope > input");
      if (event.target === box) return toggle(box, event.shiftKey);
      // While photos are being selected a click on one selects it; Enter, which has no pointer, opens it.
      const isPlain = event.detail > 0 && !event.ctrlKey && !event.metaKey && event.button === 0;
      if (!isPlain || !(timeline.classList.contains("is-selecting") || event.shiftKey)) return;
      event.preventDefault();
      box.checked = !box.checked;
      toggle(box, event.shiftKey);
    });
    timeline.addEventListener("keydown", (event) => {
      const box = event.target.closest?.(".tile")?.querySelector(":scope > input");
      if (event.target === box && event.key === "Enter") return event.preventDefault(); // it would send the form
      if (!box || event.key !== " " || event.target === box) return;
      event.preventDefault();
      box.checked = !box.checked;
      toggle(box, event.shiftKey);
    });
    document.addEventListener("keydown", (event) => {
      const isBusy = event.defaultPrevented || event.target.closest?.("details[open], .label-search");
      if (event.key === "Escape" && !isBusy) clear();
    });
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !event.target.matches("input")) return;
      event.preventDefault(); // Enter is for the button beside the field
      event.target.closest(".menu-panel")?.querySelector("[name=do]").click();
    });
    form.addEventListener("reset", (event) => {
      event.preventDefault(); // which would bring back what the browser had when the page came
      clear();
      timeline.querySelector(".tile > a")?.focus({ preventScroll: true });
    });
    form.addEventListener("submit", () => {
      form.elements.next.value = location.pathname + location.search;
    });
    if (mode) mode.hidden = false;
    mode?.addEventListener("click", () => {
      if (mode.getAttribute("aria-pressed") === "true") return clear();
      mode.setAttribute("aria-pressed", "true");
      tell();
    });
    // A tile that came to an end is another element: it stays selected, and keeps the focus.
    const kept = new Map();
    document.addEventListener("htmx:oobBeforeSwap", (event) => {
      const tile = event.detail.target;
      if (!tile?.matches?.(".tile")) return;
      const focused = tile.contains(document.activeElement) ? (document.activeElement.matches("input") ? "input" : "a") : "";
      kept.set(tile.id, { isChosen: tile.querySelector(":scope > input")?.checked, focused });
    });
    document.addEventListener("htmx:oobAfterSwap", () => {
      for (const [id, { isChosen, focused }] of kept) {
        const tile = document.getElementById(id);
        const box = tile?.querySelector(":scope > input");
        if (box) box.checked = isChosen;
        if (focused) tile?.querySelector(`:scope > ${focused}`)?.focus({ preventScroll: true });
      }
      kept.clear();
      tell();
    });
    tell();
  }

  // A combobox as the ARIA practices describe it: the list belongs to the text field, which keeps the focus.
  function suggest(field) {
    const list = document.getElementById("find-options");
    const said = field.form.querySelector("[data-none]");
    let asked = 0;
    let wait = 0;

    field.setAttribute("role", "combobox");
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-controls", list.id);

    const options = () => [...list.children];
    const current = () => list.querySelector("[aria-selected=true]");
    const open = (isOpen) => {
      list.hidden = !isOpen;
      field.setAttribute("aria-expanded", String(isOpen));
      if (!isOpen) mark(null);
    };
    const mark = (option) => {
      current()?.setAttribute("aria-selected", "false");
      option?.setAttribute("aria-selected", "true");
      option?.scrollIntoView({ block: "nearest" });
      if (option) field.setAttribute("aria-activedescendant", option.id);
      else field.removeAttribute("aria-activedescendant");
    };
    const ask = async () => {
      const mine = ++asked;
      const address = new URL(field.dataset.options, location.href);
      address.searchParams.set("find", field.value);
      try {
        const answer = await fetch(address, { headers: { "HX-Request": "true" } });
        if (!answer.ok || answer.redirected || mine !== asked) return;
        list.innerHTML = await answer.text();
      } catch {
        return; // no network: the button still asks
      }
      said.textContent = list.children.length ? "" : said.dataset.none;
      open(list.children.length > 0 && document.activeElement === field);
    };

    open(false);
    field.addEventListener("input", () => {
      clearTimeout(wait);
      wait = setTimeout(ask, 120);
    });
    field.addEventListener("focus", ask);
    field.addEventListener("blur", () => {
      asked++;
      open(false);
    });
    field.addEventListener("keydown", (event) => {
      const all = options();
      const at = all.indexOf(current());
      if (event.key === "Escape") {
        if (list.hidden) field.value = "";
        open(false);
      } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        if (list.hidden) return void ask();
        const step = event.key === "ArrowDown" ? 1 : -1;
        mark(all[(at + step + all.length + (at < 0 && step < 0 ? 1 : 0)) % all.length]);
      } else if (event.key === "Enter" && current()) {
        location.assign(current().dataset.address);
      } else return;
      event.preventDefault();
    });
    list.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) location.assign(option.dataset.address);
    });
  }
})();
