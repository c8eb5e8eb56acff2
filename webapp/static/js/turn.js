// From one photo to the next by key and by swipe, on a person's own page of it and in an album that was shared. The links
// that this follows do it too.
"use strict";

window.Shoebox ??= {};

// `frame` is swiped over; `isHeld` says that there the picture itself is moved; `keys` gives what further keys do.
window.Shoebox.turnPages = ({ frame, isHeld = () => false, keys }) => {
  const SWIPE = 60; // pixels; nearer the edge of the window than EDGE, a swipe is the browser's own
  const EDGE = 24;
  const isRightToLeft = () => getComputedStyle(document.documentElement).direction === "rtl";
  const turn = (isForward) => isHeld() || document.querySelector(`a[rel=${isForward ? "next" : "prev"}]`)?.click();
  const arrows = { ArrowLeft: () => turn(isRightToLeft()), ArrowRight: () => turn(!isRightToLeft()) };

  // While a menu is open its keys are its own: it has not closed yet when an event is on its way down.
  document.addEventListener(
    "keydown",
    (event) => {
      const isElsewhere = event.target.closest?.("input, select, textarea, [contenteditable], dialog, details[open]");
      if (isElsewhere || event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return;
      const all = { ...arrows, ...keys() };
      (all[event.key] ?? all[event.key.toLowerCase()])?.();
    },
    true,
  );

  let start = null;
  const isPinched = () => (window.visualViewport?.scale ?? 1) > 1.01;

  document.addEventListener(
    "touchstart",
    (event) => {
      const touch = event.touches[0];
      const isOurs = event.touches.length === 1 && event.target.closest(frame) && !isHeld() && !isPinched();
      const isAtEdge = touch.clientX < EDGE || touch.clientX > innerWidth - EDGE;
      start = isOurs && !isAtEdge ? touch : null;
    },
    { passive: true },
  );
  document.addEventListener("touchend", (event) => {
    if (!start) return;
    const across = event.changedTouches[0].clientX - start.clientX;
    const down = event.changedTouches[0].clientY - start.clientY;
    start = null;
    if (Math.abs(across) > SWIPE && Math.abs(across) > 2 * Math.abs(down)) turn(across < 0 !== isRightToLeft());
  });
};
