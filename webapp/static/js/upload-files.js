// What can be known of a file before it is sent: what it is, how large, and whether it is the same as another.
"use strict";

(() => {
  const HEAD = 64;
  const SIGNATURES = /^(\xff\xd8\xff|\x89PNG\r\n\x1a\n|GIF8[79]a|II[*+]\0|MM\0[*+]|BM|RIFF....WEBP|....ftyp.{0,52}(avi[fs]|hei[cxms]|hev[cx]|m[is]f1))/s;
  const TURNED = [5, 6, 7, 8];

  const bytesOf = async (file, end) => new Uint8Array(await file.slice(0, end).arrayBuffer());
  const textOf = (bytes) => String.fromCharCode(...bytes);

  // --- Width and height, upright, from the header; [0, 0] where it is not simple to tell. The server looks again. ---

  const sizeOf = async (file, head) => {
    const text = textOf(head);
    if (text.startsWith("\x89PNG") && head.length > 23) return [16, 20].map((at) => new DataView(head.buffer).getUint32(at));
    if (text.startsWith("GIF") && head.length > 9) return [6, 8].map((at) => new DataView(head.buffer).getUint16(at, true));
    if (text.startsWith("\xff\xd8")) return sizeOfJpeg(new DataView((await bytesOf(file, 1 << 18)).buffer));
    if (text.startsWith("VP8X", 12) && head.length > 29) return [24, 27].map((at) => 1 + head[at] + (head[at + 1] << 8) + (head[at + 2] << 16));
    return text.startsWith("ftyp", 4) ? sizeOfHeif(new DataView((await bytesOf(file, 1 << 16)).buffer)) : [0, 0];
  };

  const sizeOfJpeg = (data) => {
    let isTurned = false;
    for (let at = 2; at + 9 < data.byteLength && data.getUint8(at) === 0xff; at += 2 + data.getUint16(at + 2)) {
      const marker = data.getUint8(at + 1);
      if (marker === 0xe1 && data.getUint32(at + 4) === 0x45786966) isTurned = TURNED.includes(orientationOf(data, at + 10));
      const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
      if (isFrame) return [at + 7, at + 5].map((where) => data.getUint16(where))[isTurned ? "reverse" : "slice"]();
    }
    return [0, 0];
  };

  const orientationOf = (data, start) => {
    const isLittle = data.getUint16(start) === 0x4949;
    const first = start + data.getUint32(start + 4, isLittle);
    for (let entry = 0; entry < data.getUint16(first, isLittle); entry += 1) {
      const at = first + 2 + 12 * entry;
      if (data.getUint16(at, isLittle) === 0x0112) return data.getUint16(at + 8, isLittle);
    }
    return 1;
  };

  // Its parts and thumbnail have a size as well; the largest is the picture's.
  const sizeOfHeif = (data) => {
    let [most, isTurned] = [[0, 0], false];
    for (let at = 0; at + 16 < data.byteLength; at += 1) {
      const name = data.getUint32(at);
      if (name === 0x69726f74) isTurned = Boolean(data.getUint8(at + 4) & 1); // irot
      if (name !== 0x69737065) continue; // ispe
      const size = [at + 8, at + 12].map((where) => data.getUint32(where));
      if (size[0] * size[1] > most[0] * most[1]) most = size;
    }
    return isTurned ? most.reverse() : most;
  };

  // --- What it is ---

  // { head, width, height }, and a refusal of [code, facts] where there is one.
  const look = async (file, limits) => {
    const digits = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
    const megabytes = (file.size / 1e6).toLocaleString(document.documentElement.lang, digits);
    if (file.size === 0) return { refusal: ["empty", {}] };
    if (file.size > limits.bytes) return { refusal: ["too_large", { megabytes, limit: limits.bytes / 1e6 }] };
    const head = await bytesOf(file, HEAD);
    if (!SIGNATURES.test(textOf(head))) return { refusal: ["not_a_photo", {}] };
    const [width, height] = (await sizeOf(file, head).catch(() => [0, 0])).map((each) => each || 0);
    return { head: btoa(textOf(head)), width, height, refusal: refusalOfPixels(width, height, limits) };
  };

  const refusalOfPixels = (width, height, limits) => {
    const megapixels = Math.round((width * height) / 1e6);
    if (width * height > limits.megapixels * 1e6) return ["too_many_pixels", { width, height, megapixels, limit: limits.megapixels }];
    return width && Math.min(width, height) < limits.side ? ["too_small", { width, height, limit: limits.side }] : null;
  };

  const sha256 = async (file) => {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
    return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  };

  // --- What was dropped: files, and all that lies in folders ---

  // { files, unread }: how many files and folders could not be read.
  const filesOf = async (transfer) => {
    const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    if (!entries.some((entry) => entry.isDirectory)) return { files: [...transfer.files], unread: 0 };
    const found = (await Promise.all(entries.map(filesIn))).flat();
    const files = found.filter(Boolean);
    return { files, unread: found.length - files.length };
  };

  // null stands for what could not be read.
  const filesIn = async (entry) => {
    if (entry.isFile) return [await fileOf(entry).catch(() => null)];
    const reader = entry.createReader();
    const found = [];
    for (;;) {
      const some = await new Promise((done) => reader.readEntries(done, () => done(null))); // a hundred at a time
      if (!some?.length) return some ? found : [...found, null];
      found.push(...(await Promise.all(some.map(filesIn))).flat());
    }
  };

  const fileOf = async (entry) => Object.assign(await new Promise((done, fail) => entry.file(done, fail)), { path: entry.fullPath });

  // What systems leave in folders is no choice of anybody.
  const isMeant = (file) => !/^\.|^(Thumbs\.db|desktop\.ini)$/i.test(file.name);

  const pathOf = (file) => (file.webkitRelativePath || file.path || "").replace(/^\//, "");
  // Chosen a second time. Cameras give the same name again, and in another folder it is another photo.
  const isSame = (one, other) => ["name", "size", "lastModified"].every((each) => one[each] === other[each]) && pathOf(one) === pathOf(other);

  window.Shoebox = { look, sha256, filesOf, isMeant, isSame };
})();
