// Runs before the first paint, so that a chosen theme never flashes. The key and its values are those of Django's admin.
"use strict";

(() => {
  const THEMES = ["auto", "light", "dark"];
  const root = document.documentElement;

  const chosen = () => {
    try {
      const theme = localStorage.getItem("theme");
      return THEMES.includes(theme) ? theme : "auto";
    } catch {
      return "auto"; // storage may be forbidden
    }
  };

  const choose = (theme) => {
    root.dataset.theme = theme;
    try {
      localStorage.setItem("theme", theme);
    } catch {
      // then it lasts for this page
    }
  };

  root.dataset.theme = chosen();

  document.addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector("[data-theme-switch]");
    if (!button) return;
    const say = () => {
      const text = button.dataset[root.dataset.theme];
      button.setAttribute("aria-label", text);
      button.title = text;
    };
    button.hidden = false;
    say();
    button.addEventListener("click", () => {
      choose(THEMES[(THEMES.indexOf(root.dataset.theme) + 1) % THEMES.length]);
      say();
    });
  });
})();
