// The visitor's language. `_` gives a sentence in it, where there is a translation, and else the sentence itself.
// What is marked here, in the page and in the backend is collected by plugin/catalogues.py, which makes the catalogues.

const LANGUAGES = ["de", "fr"];
let words = {};

/** Learns the first of the visitor's languages that there is a catalogue of: none for English. */
export async function learn() {
  for (const wanted of navigator.languages) {
    const language = wanted.split("-")[0].toLowerCase();
    if (language === "en") return;
    if (LANGUAGES.includes(language)) {
      words = await (await fetch(`/page/${language}.json`)).json();
      document.documentElement.lang = language;
      for (const element of document.querySelectorAll("[data-word]")) element.textContent = _(element.textContent);
      return;
    }
  }
}

/** A sentence, with {name} filled in from the values. */
export function _(sentence, values = {}) {
  return (words[sentence] || sentence).replace(/{(\w+)}/g, (whole, name) => values[name] ?? whole);
}

/** A time in words, from seconds. */
export function duration(seconds) {
  if (seconds < 2) return _("a moment");
  if (seconds < 90) return _("about {count} seconds", { count: seconds < 10 ? Math.round(seconds) : 5 * Math.round(seconds / 5) });
  return _("about {count} minutes", { count: Math.round(seconds / 60) });
}
