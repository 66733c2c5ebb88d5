// A job from its submission to its result.

import { ask, call, events, picture, Refusal, sendAgain } from "./backend.js";
import { _ } from "./words.js";

/** Paints, and gives the result, a PNG. `hear(event, job)` is told what happens; `quick` is for a small picture, before
 * other jobs. Throws Refusal, or AbortError when it is cancelled here or elsewhere; then the job ends, too. */
export async function paint(recipe, content, signal, { hear = () => {}, quick = false }) {
  // It goes on while a phone sleeps or a network fails; whoever leaves the page cancels it.
  const { id } = await submit({ recipe, content, quick, cancel_on_close: quick }, signal);
  let ended = false;
  const cancel = () => ended || call("DELETE", `/jobs/${id}`, { keepalive: true }).catch(() => {});
  addEventListener("pagehide", cancel);
  try {
    signal.throwIfAborted();
    for await (const event of events(id, signal)) {
      ended ||= ["done", "failed", "cancelled"].includes(event.type);
      if (event.type === "failed") throw new Refusal(_(event.template, event.values));
      if (event.type === "cancelled") throw new DOMException("", "AbortError");
      hear(event, id);
    }
    return await picture(`/jobs/${id}/result?format=png`, signal, (fraction) => hear({ type: "coming", fraction }, id));
  } finally {
    removeEventListener("pagehide", cancel);
    cancel();
  }
}

/** Is not broken off: whoever does not learn the job's id cannot cancel it. */
async function submit(job, signal) {
  try {
    return await ask("/jobs", job);
  } catch (error) {
    if (!/^(content|style\.\d+\.image)$/.test(error.field)) throw error;
    await sendAgain([job.content, ...(job.recipe.style ?? []).map((style) => style.image)], signal);
    return ask("/jobs", job);
  }
}
