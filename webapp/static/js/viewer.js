// One photo of an album that was shared.
"use strict";

Shoebox.turnPages({
  frame: ".viewer-frame",
  keys: () => ({ Escape: () => document.querySelector(".viewer-back").click() }),
});
