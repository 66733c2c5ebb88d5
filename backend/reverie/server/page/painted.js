// What was painted on this page: each can be looked at and downloaded until the page is left.

import * as stage from "./stage.js";
import { say } from "./telling.js";
import { _ } from "./words.js";

const part = (id) => document.getElementById(id);
const WIDTH = 160; // pixels

/** Keeps a painting of a photo, a file, and shows it. */
export async function keep(painting, photo, title) {
  const item = document.createElement("li");
  const button = Object.assign(document.createElement("button"), { type: "button", title });
  button.append(await small(painting), Object.assign(document.createElement("span"), { textContent: title }));
  const address = URL.createObjectURL(painting);
  button.addEventListener("click", () => show(button, photo, painting, address, title));
  item.append(button);
  part("painted").querySelector("ul").prepend(item);
  await show(button, photo, painting, address, title);
  say(_("The painting is done. Move the line between photo and painting, or download it."));
}

async function show(button, photo, painting, address, title) {
  for (const each of button.closest("ul").querySelectorAll("button")) each.ariaCurrent = String(each === button);
  stage.photo(photo.file, photo.otherwise);
  await stage.done(painting);
  part("download").href = part("open").href = address;
  part("download").download = `${title}.png`;
  part("download").hidden = part("open").hidden = false;
  part("painted").hidden = part("painted").querySelectorAll("li").length < 2;
}

/** A drawing of it that takes little memory. */
async function small(painting) {
  const bitmap = await createImageBitmap(painting, { resizeWidth: WIDTH, resizeQuality: "high" });
  const canvas = Object.assign(document.createElement("canvas"), { width: bitmap.width, height: bitmap.height });
  canvas.getContext("bitmaprenderer").transferFromImageBitmap(bitmap);
  canvas.ariaHidden = "true";
  return canvas;
}
