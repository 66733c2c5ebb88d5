// The looks, each with its picture: at first that of its style, then the visitor's own photo, painted small and quickly.

import { ask, picture, send } from "./backend.js";
import { paint } from "./jobs.js";
import { quick } from "./recipe.js";
import { _ } from "./words.js";

const USUAL = "oil-painting"; // the preset that is chosen at first
const place = document.getElementById("looks");
const looks = []; // {title, description, recipe, tile, image}
let schema, given, holds = 0, running = null;

/** Asks for the looks and shows them, with the schema of their recipes. `chosen(look)` hears of each choice. */
export async function load(ofRecipes, chosen) {
  schema = ofRecipes;
  const [{ presets }, { styles }] = await Promise.all([ask("/presets"), ask("/styles")]);
  const whole = presets.filter(({ recipe }) => (recipe.style ?? []).every((style) => style.image));
  const of = (kind) => whole.filter(({ filter }) => filter === kind).map(fromPreset);
  group(_("Painted"), of("style"), chosen);
  group(_("In a second"), styles.map(fromFast), chosen);
  group(_("Dreamt"), of("dream"), chosen);
  choose(looks.find(({ name }) => name === USUAL) ?? looks[0], chosen);
}

function fromPreset({ name, title, description, recipe }) {
  const [style] = recipe.style ?? [];
  return { name, title: _(title), description: _(description), recipe, shown: style && `/images/${style.image}/thumbnail` };
}

function fromFast({ name, title }) {
  return { title: _(title), description: "", recipe: { fast: [{ name }] }, shown: `/styles/${name}/thumbnail` };
}

/** Makes a look of a picture of the visitor's own, by its id, and chooses it. */
export function add(id, title, chosen) {
  const look = { title, description: "", recipe: { style: [{ image: id }] }, shown: `/images/${id}/thumbnail` };
  const yours = document.getElementById("yours");
  yours.hidden = false;
  yours.querySelector(".tiles").prepend(tile(look, chosen));
  looks.unshift(look); // its turn is next
  choose(look, chosen);
  next();
}

function choose(look, chosen) {
  look.tile.querySelector("input").checked = true;
  chosen(look);
}

function group(title, members, chosen) {
  const heading = document.createElement("h3");
  const list = document.createElement("div");
  heading.textContent = title;
  list.className = "tiles";
  list.append(...members.map((look) => tile(look, chosen)));
  if (members.length) place.append(heading, list);
  looks.push(...members);
}

function tile(look, chosen) {
  look.tile = document.createElement("label");
  look.image = document.createElement("img");
  const input = Object.assign(document.createElement("input"), { type: "radio", name: "look" });
  const name = document.createElement("span");
  input.addEventListener("change", () => chosen(look));
  name.textContent = look.title;
  look.image.alt = "";
  look.tile.append(input, look.image, name);
  if (look.shown) {
    const late = (blob) => look.painted || show(look, blob);
    picture(look.shown).then(late, console.warn); // without a picture it has its name all the same
  }
  return look.tile;
}

function show(look, blob) {
  URL.revokeObjectURL(look.image.src);
  look.image.src = URL.createObjectURL(blob);
}

/** Paints all looks on a photo, given by its id; those of an earlier one are given up. */
export async function paintOn(photo, signal) {
  given = null; // what is being painted on it is given up at the next `hold`, or thrown away
  const small = await picture(`/images/${photo}/thumbnail?longest=224`, signal);
  given = { small, id: (await send(small, signal)).id };
  for (const look of looks) {
    look.painted = false;
    if (!look.shown) show(look, small);
  }
  next();
}

/** Lets the backend do something else first. Gives the function that ends that. */
export function hold() {
  holds++;
  running?.abort();
  return () => {
    holds--;
    next();
  };
}

/** Paints the next look, one at a time, and then those after it. */
async function next() {
  const look = looks.find((each) => !each.painted);
  if (holds || running || !given || !look) return;
  const photo = given;
  running = new AbortController();
  look.tile.classList.add("coming");
  try {
    const blob = await paint(quick(look.recipe, schema), photo.id, running.signal, { quick: true });
    look.painted = photo === given;
    if (look.painted) show(look, blob);
  } catch (error) {
    look.painted = error.name !== "AbortError"; // a look that cannot be painted so keeps the picture that it has
  } finally {
    look.tile.classList.remove("coming");
    running = null;
    next();
  }
}
