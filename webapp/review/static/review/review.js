// The keys of a reviewer. Everything they do, the buttons of the page do as well.
"use strict";

(() => {
  const find = (selector) => document.querySelector(selector);
  const reasons = find("[data-reasons]");
  let sent = false;

  const arm = () => {
    reasons?.classList.add("armed");
    reasons?.focus();
  };

  const send = (form, button) => {
    if (sent) return; // a second press belongs to this photo still, and must not decide on the next one
    sent = true;
    form.requestSubmit(button);
    sent = form.checkValidity();
  };

  const choose = (number) => {
    const choice = find(`[data-number="${number}"]`);
    if (!choice) return;
    choice.checked = true;
    const words = find("[data-words]");
    if (choice.value === "other" && !words.value.trim()) words.focus();
    else send(reasons);
  };

  const isArmed = () => reasons?.classList.contains("armed");

  document.addEventListener("keydown", (event) => {
    const { key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.target.matches("textarea")) {
      if (key === "Escape") arm();
      if (key === "Enter" && !event.shiftKey) {
        event.preventDefault();
        send(reasons);
      }
      return;
    }
    const letter = key.toLowerCase();
    const button = find(`[data-key="${CSS.escape(letter)}"]`);
    if (button) send(button.form, button);
    else if (letter === "v") find("[data-look]")?.click();
    else if (letter === "r") arm();
    else if (letter === "w" && reasons) {
      arm();
      find("[data-words]").focus();
    } else if (key === "Escape") reasons?.classList.remove("armed");
    else if (isArmed() && /^[1-9]$/.test(key)) choose(key);
    else return;
    event.preventDefault();
  });

  const picture = find("[data-picture]");
  const sayItIsMissing = () => (find("[data-no-picture]").hidden = false);
  picture?.addEventListener("error", sayItIsMissing);
  if (picture?.complete && !picture.naturalWidth) sayItIsMissing(); // it failed before this script was there

  find("[data-reject]")?.addEventListener("click", arm);
  // Back in the browser's history leads to a page that may be sent again.
  addEventListener("pageshow", () => (sent = false));
})();
