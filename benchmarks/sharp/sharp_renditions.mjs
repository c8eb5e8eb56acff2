// sharp drawing the renditions that Shoebox ships: node sharp_renditions.mjs chained|documented SETTINGS
//
// It speaks as ../worker.py does; SETTINGS are those of ../shipped.py.

import { readFile, writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import sharp from "sharp";

const [, , way, text] = process.argv;
const settings = JSON.parse(text);
sharp.concurrency(settings.concurrency);

const NAMES = ["display", "analysis", "thumb"];
const LIMITS = { limitInputPixels: settings.max_pixels };
const webp = { quality: settings.webp.quality, effort: settings.webp.effort };
const jpeg = { quality: settings.jpeg.quality, optimiseCoding: settings.jpeg.optimize };
const inside = (side) => ({ width: side, height: side, fit: "inside", withoutEnlargement: true });

// One decode, each rendition from the one before. An encode runs beside the resizes that follow it.
async function chained(data) {
  const display = await raw(sharp(data, LIMITS).autoOrient(), settings.sides.display);
  const displayFile = again(display).webp(webp).toBuffer();
  const analysis = await raw(again(display), settings.sides.analysis);
  const analysisFile = again(analysis).flatten({ background: "white" }).jpeg(jpeg).toBuffer();
  const thumb = await raw(again(analysis), settings.sides.thumb);
  const thumbFile = again(thumb).webp(webp).toBuffer();
  return Promise.all([displayFile, analysisFile, thumbFile]);
}

const raw = (image, side) => image.resize(inside(side)).raw().toBuffer({ resolveWithObject: true });

function again({ data, info }) {
  return sharp(data, { ...LIMITS, raw: { width: info.width, height: info.height, channels: info.channels } });
}

// The example of clone() in sharp's own documentation: clones of one input, and Promise.all.
async function documented(data) {
  const image = sharp(data, LIMITS).autoOrient();
  return Promise.all([
    image.clone().resize(inside(settings.sides.display)).webp(webp).toBuffer(),
    image.clone().resize(inside(settings.sides.analysis)).flatten({ background: "white" }).jpeg(jpeg).toBuffer(),
    image.clone().resize(inside(settings.sides.thumb)).webp(webp).toBuffer(),
  ]);
}

async function answer({ path, keep }, draw) {
  const data = await readFile(path);
  const cpu = process.cpuUsage();
  const start = process.hrtime.bigint();
  const { files, error } = await draw(data).then((files) => ({ files, error: null }), ({ message }) => ({ files: [], error: message.split("\n")[0] }));
  const wall = Number(process.hrtime.bigint() - start) / 1e9;
  const { user, system } = process.cpuUsage(cpu);
  if (keep) {
    await Promise.all(files.map((file, at) => writeFile(`${keep}/${NAMES[at]}`, file)));
  }
  const bytes = Object.fromEntries(files.map((file, at) => [NAMES[at], file.length]));
  return { cpu: (user + system) / 1e6, wall, bytes, error };
}

function say(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

const draw = { chained, documented }[way];
const { sharp: version, vips, webp: libwebp } = sharp.versions;
say({ version: `sharp ${version}, libvips ${vips}, libwebp ${libwebp}, Node ${process.versions.node}` });
for await (const line of createInterface({ input: process.stdin })) {
  say(await answer(JSON.parse(line), draw));
}
