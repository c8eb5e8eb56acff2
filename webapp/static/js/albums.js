// Albums: photos drawn to their places, and links copied. All of it is there without this script, a page at a time.
"use strict";

(() => {
  const isRightToLeft = () => getComputedStyle(document.body).direction === "rtl";

  const arrange = (box) => {
    const cards = () => [...box.querySelectorAll("[data-entry]")];
    let last = Promise.resolve();
    let drawn = null;

    // One step after the other, so that quick hands lose none.
    const send = (step, then = () => {}) => {
      const values = { ...step, after: box.dataset.after };
      const options = { source: box, target: box, select: "#arrange > *", swap: "innerHTML show:none", values };
      last = last.then(() => htmx.ajax("POST", box.dataset.address, options)).then(then, () => {});
    };
    box.addEventListener("submit", (event) => {
      if (!window.htmx) return;
      event.preventDefault();
      const card = event.target.closest("[data-entry]");
      const at = cards().indexOf(card);
      const what = event.submitter.value;
      send({ do: what, entry: card?.dataset.entry ?? "" }, () => {
        // The button that was pressed may be gone with its photo: then go on at the next one.
        if (document.activeElement !== document.body) return;
        const near = cards()[Math.min(at, cards().length - 1)];
        near?.querySelector(`[value="${what}"]`).focus();
      });
    });

    const spot = (event) => {
      const card = event.target.closest("[data-entry]");
      if (!drawn || !card || card === drawn) return null;
      const frame = card.getBoundingClientRect();
      const isRight = event.clientX > frame.x + frame.width / 2;
      return { card, side: isRight === isRightToLeft() ? "before" : "behind" };
    };
    const unmark = () => cards().forEach((card) => delete card.dataset.drop);

    box.addEventListener("dragstart", (event) => {
      drawn = window.htmx ? event.target.closest("[data-entry]") : null;
      drawn?.classList.add("drawn");
      event.dataTransfer.effectAllowed = "move";
    });
    box.addEventListener("dragover", (event) => {
      unmark();
      const found = spot(event);
      if (!found) return;
      event.preventDefault();
      found.card.dataset.drop = found.side;
    });
    box.addEventListener("drop", (event) => {
      const found = spot(event);
      if (!found) return;
      event.preventDefault();
      send({ do: found.side, entry: drawn.dataset.entry, other: found.card.dataset.entry });
    });
    box.addEventListener("dragend", () => {
      drawn?.classList.remove("drawn");
      drawn = null;
      unmark();
    });
  };

  const box = document.getElementById("arrange");
  if (box) arrange(box);

  for (const button of document.querySelectorAll("[data-copy]")) {
    const input = document.getElementById(button.dataset.copy);
    input.addEventListener("focus", () => input.select());
    if (!navigator.clipboard) continue; // then it is copied from where it stands
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(input.value);
      button.textContent = button.dataset.copied;
    });
  }
})();
