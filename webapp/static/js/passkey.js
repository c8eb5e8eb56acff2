// Shows passkey buttons, and when none was used.
(() => {
  "use strict";
  const show = (what) => document.querySelectorAll(what).forEach((each) => (each.hidden = false));
  if (window.PublicKeyCredential) show("[data-passkey]");
  document.addEventListener("allauth.error", () => show("[data-no-passkey]"));
})();
