// What happens when: a photo comes, a look is chosen, it is painted, and what is painted is kept.

import { ask, picture, send, takeToken } from "./backend.js";
import { paint } from "./jobs.js";
import * as looks from "./looks.js";
import { keep } from "./painted.js";
import { adjusted, settings } from "./recipe.js";
import * as stage from "./stage.js";
import { tell, wait } from "./telling.js";
import { _, duration, learn } from "./words.js";

const part = (id) => document.getElementById(id);
const panel = part("panel");
let schema, look;
let photo = null; // {file, otherwise, name, id, width, height}
let busy = null; // of what is under way: its abort() ends it
let chooser = takePhoto; // what becomes of the file that is chosen next
let questions = 0; // how often was asked how long it will take

async function begin() {
  takeToken();
  await learn();
  part("where").textContent = _("Your photo goes to {host} and to nobody else.", { host: location.host });
  await attempt(async () => {
    schema = await ask("/recipe/schema");
    await looks.load(schema, takeLook);
  });
}

/** Carries something out that can be cancelled, alone; what goes wrong is said. */
async function attempt(action) {
  busy = new AbortController();
  let wrong = "";
  tell(wrong);
  ready();
  try {
    await action(busy.signal);
  } catch (error) {
    if (error.name !== "AbortError") wrong = error.message;
  } finally {
    tell(wrong);
    busy = null;
    const isLost = part("progress").contains(document.activeElement); // the focus, with what it is on
    wait(null);
    ready();
    if (isLost) (part("paint").disabled ? part("choose") : part("paint")).focus();
    foretell();
  }
}

/** Says what may be done now. What only has to wait keeps the keyboard's focus. */
function ready() {
  part("paint").disabled = !photo || !look;
  for (const id of ["paint", "choose", "another", "own"]) part(id).ariaDisabled = String(busy !== null);
}

/** Whether nothing is under way; where something is, that is said. */
function free() {
  if (busy) tell(_("One thing at a time: wait until this is done, or cancel it."));
  return busy === null;
}

function takePhoto(file) {
  return attempt(async (signal) => {
    const earlier = photo;
    const coming = send(file, signal, (fraction) => wait(_("Sending the photo"), fraction));
    const otherwise = async () => {
      const sent = await coming.catch(() => null); // which is said below
      return sent && picture(`/images/${sent.id}/thumbnail?longest=1600`);
    };
    stage.photo(file, otherwise);
    try {
      photo = { file, otherwise, name: file.name, ...(await coming) };
    } catch (error) {
      stage.photo(earlier?.file ?? null, earlier?.otherwise);
      throw error;
    }
    part("name").textContent = `${photo.name} · ${photo.width} × ${photo.height}`;
    part("about").hidden = false;
    part("open").hidden = part("download").hidden = true;
    await looks.paintOn(photo.id, signal);
  });
}

function takeStyle(file) {
  return attempt(async (signal) => {
    const { id } = await send(file, signal, (fraction) => wait(_("Sending the picture"), fraction));
    looks.add(id, stem(file.name), takeLook);
  });
}

function stem(name) {
  return name.replace(/\.\w+$/, "");
}

function takeLook(chosen) {
  look = chosen;
  const uses = settings(look.recipe);
  part("description").textContent = look.description;
  part("method").hidden = !uses.method;
  part("strokes").hidden = !uses.strokes;
  panel.elements.method.value = look.recipe.method ?? "optimise";
  dial("strength").value = look.recipe[uses.strength] ?? schema.properties[uses.strength].default;
  dial("strokes").value = 0;
}

function dial(id) {
  return part(id).querySelector("input");
}

function recipe() {
  const method = panel.elements.method.value;
  return adjusted(look.recipe, { method, strength: +dial("strength").value, strokes: +dial("strokes").value }, schema);
}

/** Says how long the painting will take. */
async function foretell() {
  if (!photo || !look || busy) return;
  const own = ++questions;
  const release = looks.hold();
  let hint;
  try {
    const { width, height } = photo;
    const { seconds, download_bytes: bytes } = await ask("/estimate", { recipe: recipe(), width, height });
    hint = seconds === null ? "" : _("It takes {time}.", { time: duration(seconds) });
    if (bytes) hint = _("{count} MB are fetched first.", { count: Math.ceil(bytes / 1e6) });
  } catch (error) {
    hint = error.message;
  } finally {
    release();
  }
  if (own === questions) part("hint").textContent = hint;
}

async function paintIt() {
  const painted = photo, name = `${stem(photo.name)} – ${look.title}`;
  const release = looks.hold();
  await attempt(async (signal) => {
    wait(_("Waiting for the backend"));
    part("room").scrollIntoView({ block: "nearest" });
    try {
      await keep(await paint(recipe(), painted.id, signal, { hear: hear(signal) }), painted, name);
    } catch (error) {
      stage.clear();
      throw error;
    }
  });
  release();
}

/** What shows how a job goes on. */
function hear(signal) {
  let fetching = false;
  return async (event, job) => {
    const { type, fraction } = event;
    if (type === "queued" && event.position) wait(_("{count} come first", { count: event.position }));
    if (type === "fetching") wait(_("Fetching the network {name}", { name: event.network }), event.here / event.total);
    if (type === "started") wait(_("Painting"), 0, { ends: job });
    if (type === "progress") wait(_("Painting"), fraction, { left: event.seconds_left, ends: job });
    if (type === "coming") wait(_("Fetching the painting"), fraction);
    if (type !== "preview" || fetching) return; // of those that come meanwhile none is missed: the next shows more
    fetching = true;
    const shown = await picture(`/jobs/${job}/preview`, signal).catch(() => null); // the job is done by now
    if (shown && busy?.signal === signal) await stage.soFar(shown);
    fetching = false;
  };
}

function choose(what) {
  chooser = what;
  if (free()) part("file").click();
}

function take(files, what) {
  if (files.length && free()) what(files[0]);
}

part("file").addEventListener("change", ({ target }) => {
  take([...target.files], chooser);
  target.value = "";
});
part("choose").addEventListener("click", () => choose(takePhoto));
part("another").addEventListener("click", () => choose(takePhoto));
part("own").addEventListener("click", () => choose(takeStyle));
part("cancel").addEventListener("click", () => busy.abort());
panel.addEventListener("change", foretell);
panel.addEventListener("submit", (event) => {
  event.preventDefault();
  if (free()) paintIt();
});
addEventListener("hashchange", () => location.reload()); // another token
addEventListener("paste", (event) => take(event.clipboardData.files, takePhoto));
addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("dragged");
});
for (const type of ["dragleave", "drop"]) addEventListener(type, () => document.body.classList.remove("dragged"));
addEventListener("drop", (event) => {
  event.preventDefault();
  take(event.dataTransfer.files, part("looks").contains(event.target) ? takeStyle : takePhoto);
});

begin();
