// The large picture: the photo, what is painted over it, and the line between the two.

import { _ } from "./words.js";

const part = (id) => document.getElementById(id);
const [room, figure, before, after, split, divider] = ["room", "picture", "before", "after", "split", "divider"].map(part);

divider.addEventListener("input", () => uncover(divider.value));

function uncover(percent) {
  figure.style.setProperty("--split", `${percent}%`);
}

/** Shows a photo alone, a file; null for none. `otherwise` gives a picture of it where the browser cannot show it. */
export function photo(file, otherwise) {
  after.hidden = split.hidden = true;
  part("drop").hidden = file !== null;
  figure.hidden = true;
  if (file === null) return;
  before.onerror = async () => {
    before.onerror = null;
    const picture = await otherwise();
    if (picture) put(before, picture);
  };
  before.onload = () => {
    room.style.setProperty("--w", before.naturalWidth);
    room.style.setProperty("--h", before.naturalHeight);
    figure.hidden = false;
  };
  before.alt = _("The photo");
  put(before, file);
}

/** Shows the photo alone again. */
export function clear() {
  after.hidden = split.hidden = true;
}

/** Shows a painting that is not done in the place of the photo. */
export async function soFar(picture) {
  await decoded(picture);
  split.hidden = true;
  uncover(0);
}

/** Shows a painting beside the photo, with the line between them. */
export async function done(picture) {
  await decoded(picture);
  split.hidden = false;
  uncover((divider.value = 50));
}

/** The picture is unpacked before it is shown, so that nothing flickers. */
async function decoded(picture) {
  const image = new Image();
  put(image, picture);
  await image.decode();
  put(after, picture);
  URL.revokeObjectURL(image.src);
  after.alt = _("The painting");
  after.hidden = false;
}

function put(image, picture) {
  URL.revokeObjectURL(image.src);
  image.src = URL.createObjectURL(picture);
}
