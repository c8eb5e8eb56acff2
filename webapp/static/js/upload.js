// The upload page: a list of what was chosen, and how far each file is. Without it, or where a browser can make no digest,
// the form is sent as it is.
"use strict";

(() => {
  const form = document.getElementById("upload");
  if (!form || !window.Shoebox || !window.crypto?.subtle || !window.AbortSignal?.timeout) return;

  const find = (name) => form.querySelector(`[data-${name}]`);
  const input = form.querySelector("input[type=file]");
  const [drop, list, total, said, left, trouble, spoken] = ["drop", "list", "total", "said", "left", "trouble", "spoken"].map(find);
  const [sendButton, goOn, done, again, cancelAll, clear] = ["send", "go-on", "done", "again", "cancel-all", "clear"].map(find);
  const bar = total.querySelector("progress");
  const words = JSON.parse(document.getElementById("upload-words").textContent);
  const number = (name) => Number(form.dataset[name]);
  const limits = { bytes: number("mostBytes"), megapixels: number("mostMegapixels"), side: number("leastSide"), files: number("mostFiles") };
  const ALL_PREVIEWS = 60; // more are drawn when they come into sight
  const REDRAWN = 250;
  const SPOKEN = 10_000;
  const MEASURED = 10_000;

  let items = [];
  let [cut, hasRun, unread] = [false, false, 0];
  const rows = new WeakMap();

  // --- Words ---

  const language = document.documentElement.lang || "en";
  const decimal = new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const say = (name, facts = {}) => {
    const sentence = Array.isArray(words[name]) ? words[name][facts.n === 1 ? 0 : 1] : words[name];
    return sentence.replace(/\{(\w+)\}/g, (whole, key) => facts[key] ?? whole);
  };
  const megabytes = (bytes) => decimal.format(bytes && Math.max(bytes / 1e6, 0.1));

  const SHAPES = { sent: "status-ready", refused: "status-refused", failed: "status-failed", hashing: "", sending: "" };
  const SETTLED = ["refused", "duplicate", "failed"];

  const stateOf = (item) => {
    if (SETTLED.includes(item.state)) return item.text;
    if (item.state === "chosen") return say(item.file.size < 100_000 ? "small" : "size", { total: megabytes(item.file.size) });
    if (item.state === "sending") return say("sending", { sent: megabytes(item.loaded), total: megabytes(item.file.size) });
    if (item.state === "waiting" && item.tries) return say("retrying");
    return say(["asking", "addressed"].includes(item.state) ? "waiting" : item.state);
  };

  // --- Rows ---

  const make = (name, className) => Object.assign(document.createElement(name), { className });

  const canBeShown = (file) => /^image\/(jpeg|png|webp|gif|avif|bmp)$/.test(file.type);

  const makeRow = (item) => {
    const row = make("li", "upload-item");
    const hasPreview = item.state === "chosen" && canBeShown(item.file);
    const picture = make(hasPreview ? "img" : "span", "upload-preview");
    if (hasPreview) {
      Object.assign(picture, { alt: "", decoding: "async", loading: items.length > ALL_PREVIEWS ? "lazy" : "eager" });
      picture.addEventListener("load", () => URL.revokeObjectURL(picture.src));
      picture.addEventListener("error", () => picture.replaceWith(make("span", "upload-preview")));
      picture.src = URL.createObjectURL(item.file);
    }
    const name = make("span", "upload-name");
    name.textContent = item.file.name;
    const state = make("span", "upload-state");
    const progress = make("progress", "");
    progress.setAttribute("aria-label", item.file.name);
    const button = make("button", "btn btn-quiet");
    button.type = "button";
    button.addEventListener("click", () => act(item));
    row.append(picture, name, state, progress, button);
    rows.set(item, { row, state, progress, button });
    return row;
  };

  const ACTIONS = { failed: "again", cancelled: "again", sent: "", duplicate: "" };
  const actionOf = (item) => (queue.isOpen(item) ? "cancel" : (ACTIONS[item.state] ?? "remove"));

  const act = (item) => {
    const { action } = rows.get(item).button.dataset; // what the button says, whatever happened since it was drawn
    if (action === "cancel") queue.cancel([item]);
    if (action === "again") begin([item]);
    if (action === "remove" && !queue.isOpen(item)) remove(item);
  };

  const remove = (item) => {
    const { row } = rows.get(item);
    const next = row.nextElementSibling ?? row.previousElementSibling;
    items = items.filter((other) => other !== item);
    row.remove();
    (next?.querySelector("button") ?? input).focus();
    draw();
  };

  const drawRow = (item) => {
    const { row, state, progress, button } = rows.get(item);
    const action = actionOf(item);
    row.dataset.state = item.state;
    state.className = `upload-state ${SHAPES[item.state] ? `status ${SHAPES[item.state]}` : ""}`;
    const told = document.createElement(item.link && ["sent", "duplicate"].includes(item.state) ? "a" : "span");
    if (told.localName === "a") told.href = item.link;
    told.textContent = stateOf(item);
    state.replaceChildren(told);
    progress.hidden = item.state !== "sending";
    progress.value = item.loaded / item.file.size || 0;
    button.hidden = !action;
    if (!action || button.dataset.action === action) return;
    button.dataset.action = action;
    button.textContent = say(action);
    button.setAttribute("aria-label", say("of_file", { action: say(action), name: item.file.name }));
  };

  // --- The total ---

  const among = (...states) => items.filter((item) => states.includes(item.state));
  const bytesOf = (some) => some.reduce((sum, item) => sum + item.file.size, 0);
  // Whether it takes the focus away with it.
  const show = (element, isShown) => {
    const hadFocus = !isShown && document.activeElement === element;
    element.hidden = !isShown;
    return hadFocus;
  };

  const draw = () => {
    const isRunning = queue.isRunning();
    const chosen = among("chosen");
    const [unsent, halted] = [among("failed"), queue.halted()];
    const isOver = hasRun && !isRunning && !chosen.length;
    total.hidden = !items.length;
    form.toggleAttribute("data-chosen", items.length > 0);
    form.toggleAttribute("data-sending", isRunning);
    bar.hidden = !isRunning;
    said.textContent = isRunning ? drawProgress() : isOver ? summary() : say("chosen", { n: chosen.length, all: items.length, total: megabytes(bytesOf(chosen)) });
    left.textContent = isRunning && !halted && navigator.onLine ? timeLeft() : "";
    const missed = [unread && say("unread", { n: unread }), !isRunning && cut && say("too_many_files", { limit: limits.files })];
    const problem = (isRunning && (navigator.onLine ? halted : say("offline"))) || missed.filter(Boolean).join(" ");
    trouble.hidden = !problem;
    if (trouble.textContent !== problem) speak((trouble.textContent = problem));
    sendButton.textContent = chosen.length ? say("upload", { n: chosen.length }) : sendButton.dataset.words;
    sendButton.disabled = items.length > 0 && !chosen.length;
    input.required = !items.length;
    const lost = [
      show(sendButton, items.length > 0 && !isRunning && !isOver),
      show(cancelAll, isRunning),
      show(goOn, isRunning && Boolean(halted)),
      show(again, isOver && unsent.length > 1),
      show(done, isOver),
      show(clear, isOver),
    ].some(Boolean);
    if (lost) [done, goOn, cancelAll, sendButton].find((each) => !each.hidden)?.focus();
  };

  const drawProgress = () => {
    const mine = items.filter((item) => queue.isOpen(item) || item.state === "sent");
    const [all, loaded] = [bytesOf(mine), mine.reduce((sum, item) => sum + item.loaded, 0)];
    bar.value = loaded / all || 0;
    speakProgress(bar.value);
    return say("progress", { n: among("sent").length, all: mine.length, sent: megabytes(loaded), total: megabytes(all) });
  };

  let samples = [];
  const timeLeft = () => {
    const now = performance.now();
    samples = [...samples.filter((sample) => now - sample.at < MEASURED), { at: now, moved: queue.moved() }];
    const [first, last] = [samples[0], samples.at(-1)];
    const speed = (last.moved - first.moved) / (last.at - first.at);
    const open = items.filter(queue.isOpen).reduce((sum, item) => sum + item.file.size - item.loaded, 0);
    if (!(speed > 0) || last.at - first.at < 1500) return "";
    const seconds = Math.ceil(open / speed / 1000);
    return seconds > 90 ? say("minutes", { n: Math.round(seconds / 60) }) : say("seconds", { n: seconds });
  };

  const summary = () => {
    const counts = [["received", among("sent")], ["known", among("duplicate")], ["lost", among("failed", "cancelled")], ["refused", among("refused")]];
    const told = counts.filter(([, some]) => some.length);
    return (told.length ? told : counts.slice(0, 1)).map(([name, some]) => say(name, { n: some.length })).join(" ");
  };

  let [spokenAt, spokenShare] = [0, 0];
  const speak = (text) => {
    spoken.textContent = text;
    spokenAt = Date.now();
  };
  const speakProgress = (share) => {
    if (Date.now() - spokenAt < SPOKEN || share - spokenShare < 0.1) return;
    spokenShare = share;
    speak(say("spoken", { percent: Math.round(100 * share) }));
  };

  // --- Drawing now and then, however often something changes ---

  const dirty = new Set();
  let timer = 0;
  const changed = (item) => {
    if (item) dirty.add(item);
    timer ||= setTimeout(redraw, REDRAWN);
  };
  const redraw = () => {
    timer = 0;
    for (const item of dirty) drawRow(item);
    dirty.clear();
    draw();
    if (queue.isRunning()) timer = setTimeout(redraw, 4 * REDRAWN);
  };

  const ended = () => {
    redraw();
    clearTimeout(timer);
    timer = 0;
    list.prepend(...among("failed", "refused").map((item) => rows.get(item).row)); // what needs a look comes first
    speak(summary());
  };

  const queue = Shoebox.makeQueue({ form, words, changed, ended });

  // --- Choosing ---

  const add = async (files, missed = 0) => {
    unread = missed;
    for (const file of files.filter(Shoebox.isMeant)) {
      if (items.some((item) => Shoebox.isSame(item.file, file))) continue;
      cut = items.filter((item) => item.state !== "refused").length >= limits.files;
      if (cut) break;
      const item = { file, state: "chosen", loaded: 0, text: "", link: "" };
      items.push(item);
      item.look = await Shoebox.look(file, limits).catch(() => ({ refusal: ["unreadable", {}] }));
      if (item.look.refusal) Object.assign(item, { state: "refused", text: say(...item.look.refusal) });
      list.append(makeRow(item));
      drawRow(item);
      changed();
    }
    if (queue.isRunning()) begin(among("chosen"));
    else draw();
  };

  const begin = (some) => {
    [hasRun, spokenShare, samples] = [true, 0, []];
    queue.start(some);
    draw();
  };

  // --- Wiring ---

  form.dataset.scripted = "";
  sendButton.dataset.words = sendButton.textContent;
  draw();
  if (window.matchMedia("(hover: hover)").matches) drop.querySelector("[data-words]").textContent = say("drop");

  const folder = Object.assign(make("input", ""), { type: "file", webkitdirectory: true });
  const folderButton = find("choose-folder");
  folderButton.hidden = !("webkitdirectory" in folder) || !window.matchMedia("(hover: hover)").matches;
  folderButton.addEventListener("click", () => folder.click());

  for (const each of [input, folder]) {
    each.addEventListener("change", () => {
      add([...each.files]);
      each.value = ""; // what is sent is the list
    });
  }
  for (const name of ["dragenter", "dragover"]) {
    document.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.add("drop-over");
    });
  }
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) drop.classList.remove("drop-over");
  });
  document.addEventListener("drop", async (event) => {
    event.preventDefault();
    drop.classList.remove("drop-over");
    if (!event.dataTransfer) return;
    const found = await Shoebox.filesOf(event.dataTransfer);
    add(found.files, found.unread);
  });

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (among("chosen").length) begin(among("chosen"));
  });
  goOn.addEventListener("click", () => begin([]));
  again.addEventListener("click", () => begin(among("failed")));
  cancelAll.addEventListener("click", () => queue.cancelAll());
  clear.addEventListener("click", () => {
    [items, cut, hasRun, unread] = [[], false, false, 0];
    list.replaceChildren();
    draw();
    input.focus();
  });
  window.addEventListener("beforeunload", (event) => {
    if (queue.isRunning()) event.preventDefault();
  });
})();
