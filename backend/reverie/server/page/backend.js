// The calls of the backend, docs/http.md: each with the token, and each refusal a sentence in the visitor's language.

import { _ } from "./words.js";

const KEY = "reverie-token";
const FINAL = ["done", "failed", "cancelled"];
const sent = new Map(); // pictures, by their ids
const SILENCE = 10000, PAUSE = 2000, TRIES = 30; // milliseconds without a sign of life, and between tries; how many

/** Why something is not done, as a sentence. `field` is what in the request caused it; the status is 0 for no answer. */
export class Refusal extends Error {
  constructor(sentence, status = 0, field = null) {
    super(sentence);
    this.status = status;
    this.field = field;
  }
}

/** Takes the token out of the address, where it would stay in the history, and keeps it for this tab alone. */
export function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given === null) return;
  sessionStorage.setItem(KEY, /^[\x20-\x7e]*$/.test(given) ? given : "");
  history.replaceState(null, "", location.pathname);
}

function headers() {
  return { Authorization: `Bearer ${sessionStorage.getItem(KEY) ?? ""}` };
}

function noAnswer() {
  return new Refusal(_("Reverie's backend does not answer. If it has ended, start it again and open the address that it prints."));
}

function refused(status, text) {
  if (status === 401) {
    return new Refusal(_("The backend does not know this page's token, which changes with each start. Open the address that it has printed last."), 401);
  }
  try {
    const { message, template, values, field } = JSON.parse(text).error;
    return new Refusal(template ? _(template, values) : message, status, field);
  } catch {
    return new Refusal(_("The backend has answered with something that is not understood."), status);
  }
}

/** An answer of the backend. Throws Refusal, or AbortError. */
export async function call(method, path, { body, signal, keepalive } = {}) {
  let answer;
  try {
    answer = await fetch(`/v1${path}`, { method, body, signal, keepalive, headers: headers() });
  } catch (error) {
    throw error.name === "AbortError" ? error : noAnswer();
  }
  if (!answer.ok) throw refused(answer.status, await answer.text());
  return answer;
}

/** What a call tells. */
export async function ask(path, document, signal) {
  const answer = document
    ? await call("POST", path, { body: JSON.stringify(document), signal })
    : await call("GET", path, { signal });
  return answer.json();
}

/** Sends a picture; `progress` hears of the fraction that is sent. Gives its id and size. */
export async function send(picture, signal, progress = () => {}) {
  const told = await upload(picture, signal, progress);
  sent.set(told.id, picture);
  return told;
}

/** Sends pictures again, by their ids: the backend lets them go when nothing was done for a while. An id says what is in
 * a picture, and stays the same. */
export async function sendAgain(ids, signal) {
  await ask("/presets", undefined, signal); // whose pictures are the backend's own
  for (const id of ids) if (sent.has(id)) await send(sent.get(id), signal);
}

function upload(picture, signal, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch does not say how much it has sent
    request.open("POST", "/v1/images");
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => progress(event.loaded / event.total);
    request.onload = () =>
      request.status === 201
        ? resolve(JSON.parse(request.responseText))
        : reject(refused(request.status, request.responseText));
    request.onerror = () => reject(noAnswer());
    request.onabort = () => reject(new DOMException("", "AbortError"));
    signal.addEventListener("abort", () => request.abort());
    request.send(picture);
  });
}

/** A picture of the backend, as a file. `progress` hears of the fraction that has come. */
export async function picture(path, signal, progress = () => {}) {
  const answer = await call("GET", path, { signal });
  const total = Number(answer.headers.get("Content-Length"));
  const parts = [];
  let here = 0;
  try {
    for (const reader = answer.body.getReader(); ; ) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
      progress((here += value.length) / total);
    }
  } catch (error) {
    throw error.name === "AbortError" ? error : noAnswer();
  }
  return new Blob(parts, { type: answer.headers.get("Content-Type") });
}

/** The events of a job, to its end. After a break it goes on where it was. Throws Refusal, or AbortError. */
export async function* events(job, signal) {
  let after = 0;
  for (let tries = TRIES; ; tries--) {
    try {
      for await (const event of lines(`/jobs/${job}/events?after=${after}`, signal)) {
        tries = TRIES;
        if (event.type === "alive") continue;
        after = event.number;
        yield event;
        if (FINAL.includes(event.type)) return;
      }
    } catch (error) {
      if (signal.aborted || error.status || tries === 0) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}

/** The objects of a stream, one a line. Throws Refusal with the status 0 when it breaks off or falls silent. */
async function* lines(path, signal) {
  const silence = new AbortController();
  const answer = await call("GET", path, { signal: AbortSignal.any([signal, silence.signal]) });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const timer = setTimeout(() => silence.abort(), SILENCE);
      const { done, value } = await reader.read();
      clearTimeout(timer);
      if (done) return;
      const whole = (rest + value).split("\n");
      rest = whole.pop();
      for (const line of whole) yield JSON.parse(line);
    }
  } catch (error) {
    throw signal.aborted ? error : noAnswer();
  } finally {
    silence.abort(); // also when nobody wants the rest
  }
}
