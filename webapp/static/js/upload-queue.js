// Sends files to S3, a few at a time, each to an address that the site gives for it alone. Whatever breaks is tried
// again: asking for another address finds out whether the bytes have arrived after all.
"use strict";

(() => {
  const AT_ONCE = 4;
  const GROUP = 8; // addresses asked for together
  const AHEAD = 16; // files read before their turn
  const TRIES = 8;
  const STALLED = 60_000;
  const MOST_WAIT = 30_000;
  const OPEN = ["waiting", "hashing", "asking", "addressed", "sending"];

  const LOST = ["cancelled", "refused", "failed"];
  const STARTED_BY_HAND = ["chosen", "failed", "cancelled"];

  class Stop extends Error {} // nothing goes on until a person has done something

  // items: { file, look, state, loaded, text, link }; `changed(item)` is told of each change, `ended()` of the end.
  window.Shoebox.makeQueue = ({ form, words, changed, ended }) => {
    const items = new Set();
    const seen = new Map(); // sha256 -> item
    const leaving = new Set(); // sha256 of what is just being taken back: asked for now, its address would be of a row that goes
    let [batch, token, halted] = ["", form.querySelector("[name=csrfmiddlewaretoken]").value, ""];
    let [isHashing, isAsking, isRunning, moved] = [false, false, false, 0];

    const count = (...states) => [...items].filter((item) => states.includes(item.state)).length;
    const set = (item, state, more = {}) => {
      Object.assign(item, { state, ...more });
      changed(item);
      if (LOST.includes(state)) release(item);
    };
    // What was left out because of an item that is not sent takes its place.
    const release = (item) => {
      for (const each of items) {
        if (each.twin !== item) continue;
        each.twin = null;
        Object.assign(each, { text: "", link: "" });
        meetTwin(each);
      }
    };

    const pump = () => {
      if (!isRunning) return;
      hash();
      if (!halted && navigator.onLine) {
        ask();
        while (count("sending") < AT_ONCE && count("addressed")) send([...items].find((item) => item.state === "addressed"));
      }
      if (!count(...OPEN) && !isAsking) finish();
    };

    // --- One after the other is read whole: a digest cannot be made in parts ---

    const hash = async () => {
      const item = [...items].find((each) => each.state === "waiting" && !each.sha256);
      if (!item || isHashing || [...items].filter((each) => each.state === "waiting" && each.sha256).length >= AHEAD) return;
      isHashing = true;
      set(item, "hashing");
      try {
        item.sha256 = await Shoebox.sha256(item.file);
        if (["hashing", "waiting"].includes(item.state)) meetTwin(item);
      } catch {
        if (item.state === "hashing") set(item, "refused", { text: words.unreadable });
      }
      isHashing = false;
      pump();
    };

    const meetTwin = (item) => {
      const twin = seen.get(item.sha256);
      const isThere = twin && twin !== item && items.has(twin) && !LOST.includes(twin.state);
      if (!isThere) seen.set(item.sha256, item);
      if (isThere) set(item, "duplicate", { twin, text: words.twin.replace("{name}", twin.file.name), link: twin.link });
      else set(item, "waiting");
    };

    // --- Addresses, in small groups just before they are needed ---

    const ask = async () => {
      const now = Date.now();
      const group = [...items].filter((item) => item.state === "waiting" && item.sha256 && !leaving.has(item.sha256) && !(item.notBefore > now)).slice(0, GROUP);
      if (isAsking || !group.length || count("addressed") >= AT_ONCE) return;
      isAsking = true;
      for (const item of group) set(item, "asking");
      try {
        batch ||= (await post("begin", {})).batch;
        const { files } = await post("addresses", { batch, files: group.map(announce) });
        files.forEach((place, at) => take(group[at], { ...place, batch }));
      } catch (error) {
        if (error instanceof Stop) halt(error.message);
        if (error.status === 409) close(batch); // it is full, or was ended: what it has is told about now
        if (error.status === 409 || error.status === 404) batch = ""; // the next try begins another
        for (const item of group.filter((each) => each.state === "asking")) {
          if (halted) set(item, "waiting");
          else later(item, error.status ? "our_fault" : "failed");
        }
      }
      isAsking = false;
      pump();
    };

    const announce = ({ file, look, sha256 }) => ({ name: file.name, size: file.size, head: look.head, sha256, width: look.width, height: look.height });

    const sayKnown = (place) => {
      if (place.is_in_trash) return words.trashed;
      return place.why ? words.ended.replace("{why}", () => place.why) : words.duplicate;
    };

    const take = (item, place) => {
      item.photo = place.photo;
      item.batch = place.batch;
      item.link = place.link;
      if (item.state !== "asking") {
        if (place.url) forget(item);
      } else if (place.refused) set(item, "refused", { text: place.refused });
      else if (place.duplicate) set(item, "duplicate", { text: sayKnown(place) });
      else if (place.arrived) arrive(item);
      else if (place.url) set(item, "addressed", { place });
      else later(item, "our_fault");
    };

    // --- Sending ---

    const send = (item) => {
      const request = new XMLHttpRequest();
      let stalled = 0;
      const watch = () => {
        clearTimeout(stalled);
        stalled = setTimeout(() => request.abort(), STALLED);
      };
      const end = (didArrive) => {
        clearTimeout(stalled);
        if (item.request !== request) return; // it was cancelled
        item.request = null;
        if (didArrive) arrive(item);
        else later(item, request.status ? "our_fault" : "failed");
        pump();
      };
      item.request = request;
      set(item, "sending", { loaded: 0 });
      request.open("PUT", item.place.url);
      for (const [name, value] of Object.entries(item.place.headers)) request.setRequestHeader(name, value);
      request.upload.addEventListener("progress", (event) => {
        if (item.request !== request) return;
        moved += Math.max(event.loaded - item.loaded, 0);
        set(item, "sending", { loaded: event.loaded });
        watch();
      });
      request.addEventListener("load", () => end(request.status === 200 || request.status === 412)); // 412: it is there
      for (const name of ["error", "abort"]) request.addEventListener(name, () => end(false));
      request.send(item.file);
      watch();
    };

    const arrive = (item) => {
      moved += item.file.size - item.loaded;
      set(item, "sent", { loaded: item.file.size, place: null });
    };

    // `why` names the sentence to say if this was the last time.
    const later = (item, why) => {
      item.place = null;
      if (!navigator.onLine) {
        set(item, "waiting", { loaded: 0, notBefore: 0 }); // a cut is nobody's failure
        return;
      }
      item.tries = (item.tries ?? 0) + 1;
      if (item.tries >= TRIES) {
        set(item, "failed", { loaded: 0, text: words[why] });
        return;
      }
      const wait = Math.min(1000 * 2 ** (item.tries - 1), MOST_WAIT) * (0.5 + Math.random() / 2);
      set(item, "waiting", { loaded: 0, notBefore: Date.now() + wait });
      setTimeout(pump, wait + 10);
    };

    // --- The site ---

    const post = async (what, body, options = {}, isSecond = false) => {
      const response = await fetch(form.dataset[what], {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": token },
        body: JSON.stringify(body),
        redirect: "manual",
        signal: AbortSignal.timeout(STALLED),
        ...options,
      });
      if (response.type === "opaqueredirect") throw new Stop(words.logged_out);
      if (response.status === 403 && !isSecond && (await renewToken())) return post(what, body, options, true);
      if (response.status === 429 || response.status === 507) {
        const { error } = await response.json().catch(() => ({}));
        if (error) throw new Stop(error); // the site's own words; from a proxy it is as any other trouble
      }
      if (response.status === 400 || response.status === 403) throw new Stop(words.broken);
      if (!response.ok) throw Object.assign(new Error(what), { status: response.status });
      return response.status === 204 ? {} : response.json();
    };

    // Who logs in in another window has another token from then on.
    const renewToken = async () => {
      const response = await fetch(window.location.pathname, { redirect: "manual" });
      if (response.type === "opaqueredirect") throw new Stop(words.logged_out);
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      token = page.querySelector("#upload [name=csrfmiddlewaretoken]")?.value ?? token;
      return response.ok;
    };

    const forget = async (item) => {
      const body = { batch: item.batch, photos: [item.photo] };
      item.photo = "";
      leaving.add(item.sha256);
      await post("cancel", body, { keepalive: true }).catch(() => {}); // else the sweep does
      leaving.delete(item.sha256);
      pump();
    };

    const finish = async () => {
      isRunning = false;
      const done = batch;
      batch = "";
      ended();
      if (done) close(done);
    };

    const close = async (done) => {
      for (let tries = 0; tries < 4; tries += 1) {
        try {
          await post("finish", { batch: done }, { keepalive: true });
          return;
        } catch {
          await new Promise((wait) => setTimeout(wait, 1000 * 4 ** tries));
        }
      }
    };

    const halt = (text) => {
      halted = text;
      changed(null);
    };

    // --- What a person does ---

    const start = (some) => {
      for (const item of some.filter((each) => STARTED_BY_HAND.includes(each.state))) {
        items.add(item);
        Object.assign(item, { text: "", link: "", loaded: 0, tries: 0, notBefore: 0 });
        if (item.sha256) meetTwin(item);
        else set(item, "waiting");
      }
      halted = "";
      isRunning = true;
      pump();
    };

    const isOpen = (item) => OPEN.includes(item.state);

    const drop = (some) => {
      for (const item of some.filter(isOpen)) {
        const request = item.request;
        const isKnown = item.photo && item.state !== "hashing" && item.state !== "asking";
        item.request = null;
        set(item, "cancelled", { loaded: 0, place: null });
        request?.abort();
        if (isKnown) forget(item);
      }
    };

    const cancel = (some) => {
      drop(some);
      pump();
    };

    const cancelAll = () => {
      while (count(...OPEN)) drop([...items]); // again for those that take the place of others
      pump();
    };

    window.addEventListener("online", () => {
      for (const item of items) if (item.state === "waiting") item.notBefore = 0;
      changed(null);
      pump();
    });
    window.addEventListener("offline", () => {
      for (const item of items) item.request?.abort();
      changed(null);
    });
    window.addEventListener("pagehide", () => {
      if (isRunning && batch) post("finish", { batch }, { keepalive: true }).catch(() => {});
    });

    return {
      start,
      cancel,
      cancelAll,
      isOpen,
      isRunning: () => isRunning,
      moved: () => moved,
      halted: () => halted,
    };
  };
})();
