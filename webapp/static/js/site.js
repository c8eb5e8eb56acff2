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
