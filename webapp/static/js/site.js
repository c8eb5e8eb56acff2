// Small comforts; every page works without them.
"use strict";

(() => {
  // A form that came back with errors: its summary is the first thing to read.
  document.querySelector(".error-summary")?.focus();

  // A menu closes when the person goes elsewhere.
  for (const menu of document.querySelectorAll("details.menu")) {
    document.addEventListener("click", (event) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !menu.open) return;
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  }

  // The browser's time zone, until one was chosen.
  const zone = document.querySelector("[data-zone]");
  if (zone) zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone?.value === "") zone.value = "UTC";

  // Passwords can be shown while they are typed.
  for (const input of document.querySelectorAll("input[type=password]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "reveal";
    button.setAttribute("aria-controls", input.id);
    const words = input.closest("[data-show-password]").dataset;
    const show = (isShown) => {
      input.type = isShown ? "text" : "password";
      button.textContent = isShown ? words.conceal : words.show;
      button.setAttribute("aria-label", isShown ? words.concealPassword : words.showPassword);
    };
    show(false);
    button.addEventListener("click", () => show(input.type === "password"));
    input.form?.addEventListener("submit", () => show(false));
    const frame = document.createElement("div");
    frame.className = "password";
    input.replaceWith(frame);
    frame.append(input, button);
  }

  // --- What htmx asks for: a part of a page, or words about why it did not come ---

  const words = document.body.dataset;
  const notice = document.createElement("p");
  notice.className = "notice notice-error toast";
  notice.setAttribute("role", "alert");

  // What a page asks for by itself is asked for again, or can be done without.
  const isPressed = (event) => !/load|every/.test(event.target.getAttribute?.("hx-trigger"));
  const say = (event) => {
    if (!isPressed(event)) return;
    notice.textContent = event.target.closest("[data-failed]").dataset.failed;
    const close = document.createElement("button");
    close.type = "button";
    close.className = "btn btn-quiet";
    close.textContent = words.close;
    close.addEventListener("click", () => notice.remove());
    notice.append(close);
    document.getElementById("content").append(notice);
  };
  document.addEventListener("htmx:beforeRequest", (event) => isPressed(event) && notice.remove());
  for (const name of ["sendError", "responseError"]) document.addEventListener(`htmx:${name}`, say);

  // Logged out meanwhile, in another window or by time: the answer is a page of its own.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { pathname } = new URL(event.detail.xhr.responseURL, location.href);
    if (pathname !== words.login) return;
    event.preventDefault();
    location.assign(`${pathname}?next=${encodeURIComponent(location.pathname + location.search)}`);
  });

  // A form is sent once, however often its button is pressed.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.dataset.again !== undefined) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });
})();
