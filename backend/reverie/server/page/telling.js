// What is said: how it goes on, in figures to who sees it and now and then to who hears it, and what went wrong.

import { call } from "./backend.js";
import { _, duration } from "./words.js";

const part = (id) => document.getElementById(id);
const SELDOM = 10000; // milliseconds between what a screen reader says of the progress
let told = 0, job = null;

part("finish").addEventListener("click", async () => {
  part("finish").hidden = true;
  try {
    await call("PATCH", `/jobs/${job}`, { body: JSON.stringify({ finish: true }) });
  } catch (error) {
    tell(error.message);
  }
});

/** Says what went wrong; an empty sentence takes it back. */
export function tell(sentence) {
  part("alert").textContent = sentence;
  part("alert").hidden = !sentence;
}

/** Says it to a screen reader. */
export function say(sentence) {
  told = Date.now();
  part("told").textContent = sentence;
}

/** Shows what is being done and which fraction of it, with the seconds that are left where they are known, and the job
 * where it may be ended early; null when nothing is done any more. */
export function wait(doing, fraction = 0, { left = null, ends = null } = {}) {
  part("progress").hidden = doing === null;
  if (doing === null) return;
  const rest = left === null ? "" : _("{time} left", { time: duration(left) });
  part("progress").querySelector("progress").value = fraction;
  const isNew = part("doing").textContent !== doing;
  part("doing").textContent = doing;
  part("left").textContent = rest;
  if (job !== ends) part("finish").hidden = ends === null;
  job = ends;
  if (isNew || Date.now() - told > SELDOM) say(fraction ? `${doing}: ${Math.round(100 * fraction)} %. ${rest}` : doing);
}
