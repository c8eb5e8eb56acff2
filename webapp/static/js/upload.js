// The upload page, made more comfortable: files can be dropped, are looked at before they are sent, and show how far they
// are. The form is the same, and works without.
"use strict";

(() => {
  const form = document.getElementById("upload");
  if (!form || !window.DataTransfer || !window.FormData) return;

  const input = form.querySelector("input[type=file]");
  const drop = form.querySelector("[data-drop]");
  const list = form.querySelector("[data-list]");
  const total = form.querySelector("[data-total]");
  const bar = total.querySelector("progress");
  const words = total.querySelector("p");
  const button = form.querySelector("button[type=submit]");
  const mostBytes = Number(form.dataset.mostBytes);
  const mostMegapixels = Number(form.dataset.mostMegapixels);
  const mostFiles = Number(form.dataset.mostFiles);
  const PREVIEWS = 60; // a browser that decodes hundreds of photos at once has no time for anything else

  let chosen = []; // { file, row, refusal }
  let isSending = false;

  const megabytes = (bytes) => Math.max(bytes / 1e6, 0.1).toFixed(1);

  // --- What can be known before anything is sent ---

  const SIGNATURES = [/^\xff\xd8\xff/, /^\x89PNG\r\n\x1a\n/, /^GIF8[79]a/, /^II\*\0/, /^MM\0\*/, /^BM/, /^RIFF....WEBP/s, /^....ftyp/s];

  const refusalOf = async (file) => {
    if (file.size === 0) return "This file is empty. Choose the photo again, or copy it anew from the camera.";
    if (file.size > mostBytes) return `Too large: ${megabytes(file.size)} MB, the most is ${mostBytes / 1e6} MB.`;
    const head = new Uint8Array(await file.slice(0, 24).arrayBuffer());
    const text = String.fromCharCode(...head);
    return SIGNATURES.some((signature) => signature.test(text)) ? refusalOfPixels(head, text) : "This is not a photo we can read.";
  };

  // A PNG begins with its size. To preview 400 megapixels takes 2 GB, of a file of 400 KB.
  const refusalOfPixels = (head, text) => {
    if (!text.startsWith("\x89PNG") || head.length < 24) return "";
    const [width, height] = [16, 20].map((at) => new DataView(head.buffer).getUint32(at));
    const megapixels = Math.round((width * height) / 1e6);
    return megapixels > mostMegapixels ? `Too many pixels: ${width} × ${height} is ${megapixels} megapixels, the most is ${mostMegapixels}.` : "";
  };

  const dimensionsAreKnown = (file) => /^image\/(jpeg|png|webp|gif|avif|bmp)$/.test(file.type);

  // --- The list ---

  const makeRow = (file, hasPreview) => {
    const row = document.createElement("li");
    const picture = document.createElement(hasPreview ? "img" : "span");
    picture.className = "upload-preview";
    if (hasPreview) {
      picture.alt = "";
      picture.addEventListener("load", () => URL.revokeObjectURL(picture.src));
      picture.addEventListener("error", () => picture.removeAttribute("src"));
      picture.src = URL.createObjectURL(file);
    }
    const name = document.createElement("span");
    name.className = "upload-name";
    name.textContent = file.name;
    const state = document.createElement("span");
    state.className = "upload-state";
    const remove = document.createElement("button");
    remove.type = "button";
    remove.className = "btn btn-quiet";
    remove.textContent = "Remove";
    remove.setAttribute("aria-label", `Remove ${file.name}`);
    row.append(picture, name, state, remove);
    return row;
  };

  const say = (item) => {
    item.row.classList.toggle("upload-refused", Boolean(item.refusal));
    item.row.querySelector(".upload-state").textContent = item.refusal || `${megabytes(item.file.size)} MB`;
  };

  const add = async (files) => {
    if (isSending) return;
    for (const file of files) {
      const isKnown = chosen.some((item) => item.file.name === file.name && item.file.size === file.size && item.file.lastModified === file.lastModified);
      if (isKnown) continue;
      const item = { file, refusal: "" };
      chosen.push(item);
      item.refusal = await refusalOf(file).catch(() => "This file cannot be read. Choose it again.");
      const isPreviewed = !item.refusal && chosen.length <= PREVIEWS && dimensionsAreKnown(file);
      item.row = makeRow(file, isPreviewed);
      item.row.querySelector("button").addEventListener("click", () => {
        chosen = chosen.filter((other) => other !== item);
        item.row.remove();
        sum();
      });
      say(item);
      list.append(item.row);
    }
    sum();
  };

  const good = () => chosen.filter((item) => !item.refusal);

  const sum = () => {
    const sending = good();
    const bytes = sending.reduce((most, item) => most + item.file.size, 0);
    const tooMany = sending.length > mostFiles;
    total.hidden = chosen.length === 0;
    bar.hidden = true;
    words.textContent = tooMany
      ? `${sending.length} photos at once are too many. Remove ${sending.length - mostFiles} of them.`
      : `${sending.length} of ${chosen.length} to send, ${megabytes(bytes)} MB`;
    button.textContent = sending.length ? `Upload ${sending.length === 1 ? "1 photo" : `${sending.length} photos`}` : "Upload";
    button.disabled = tooMany || (chosen.length > 0 && sending.length === 0);
    input.required = chosen.length === 0;
  };

  // --- Sending: the same form, in the background ---

  const send = () => {
    const body = new FormData(form);
    body.delete(input.name);
    for (const item of good()) body.append(input.name, item.file, item.file.name);
    const request = new XMLHttpRequest();
    const started = performance.now();
    isSending = true;
    form.dataset.sending = "";
    button.disabled = true;
    bar.hidden = false;
    request.open("POST", form.action);
    request.setRequestHeader("HX-Request", "true");
    request.upload.addEventListener("progress", (event) => {
      bar.value = (100 * event.loaded) / event.total;
      const left = ((performance.now() - started) / 1000) * (event.total / event.loaded - 1);
      const time = left > 90 ? `${Math.round(left / 60)} minutes left` : `${Math.ceil(left)} seconds left`;
      words.textContent = `${megabytes(event.loaded)} of ${megabytes(event.total)} MB, ${time}`;
    });
    request.upload.addEventListener("load", () => {
      bar.removeAttribute("value");
      words.textContent = "Sent. Your photos are being stored.";
    });
    request.addEventListener("load", () => finish(request));
    request.addEventListener("error", () => stop("The connection broke before everything was sent. Look into your gallery for what arrived, and send the rest again."));
    request.send(body);
  };

  const finish = (request) => {
    const address = request.getResponseHeader("HX-Redirect");
    if (address) {
      isSending = false;
      window.location.assign(address);
      return;
    }
    stop(reasonOf(request));
  };

  // Why the form came back, and what to do: its own sentence where it has one.
  const reasonOf = (request) => {
    const isElsewhere = request.responseURL && new URL(request.responseURL).pathname !== window.location.pathname;
    if (isElsewhere) return "You are logged out. Load this page again, log in, and choose your photos again.";
    if (request.status === 422) {
      const page = new DOMParser().parseFromString(request.responseText, "text/html");
      const error = page.querySelector("#upload .field-errors li");
      if (error) return error.textContent.trim();
    }
    return SENTENCES[request.status] ?? "Something went wrong on our side. Nothing you chose is lost; send it again.";
  };

  const SENTENCES = {
    400: "These are too many files at once, or the form could not be read. Choose fewer photos, and send them again.",
    403: "This page was open too long. Load it again, log in if you are asked to, and choose your photos again.",
    413: "This is more than can be sent at once. Choose fewer photos.",
  };

  const stop = (text) => {
    isSending = false;
    delete form.dataset.sending;
    button.disabled = false;
    bar.hidden = true;
    words.textContent = text;
  };

  // --- Wiring ---

  form.dataset.scripted = "";
  if (window.matchMedia("(hover: hover)").matches) {
    drop.querySelector("[data-words]").textContent = "Drop photos here, or choose them";
  }

  input.addEventListener("change", () => {
    add([...input.files]);
    input.value = ""; // what is sent is the list
  });

  for (const name of ["dragenter", "dragover"]) {
    document.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.add("drop-over");
    });
  }
  for (const name of ["dragleave", "drop"]) {
    document.addEventListener(name, (event) => {
      if (name === "drop") event.preventDefault();
      if (name === "drop" || !event.relatedTarget) drop.classList.remove("drop-over");
    });
  }
  document.addEventListener("drop", (event) => add([...(event.dataTransfer?.files ?? [])]));

  form.addEventListener("submit", (event) => {
    if (good().length === 0) return;
    event.preventDefault();
    if (!isSending) send();
  });
  window.addEventListener("beforeunload", (event) => {
    if (isSending) event.preventDefault();
  });
})();
