// From a look and what is set beside it to the recipe of a job.

/** Which settings a recipe has a use for. */
export function settings(recipe) {
  const styled = Boolean(recipe.style?.length);
  return { method: styled, strokes: styled, strength: styled || recipe.fast ? "strength" : "dream_strength" };
}

/** A recipe with the settings that the visitor has chosen: `strokes` are octaves by which strokes are larger. */
export function adjusted(recipe, { method, strength, strokes }, schema) {
  const uses = settings(recipe);
  const result = { ...recipe, [uses.strength]: strength };
  if (!uses.method) return result;
  result.style = recipe.style.map((style) => ({ ...style, scale: scaled(style.scale, strokes) }));
  return painted(result, method, schema);
}

/** A recipe like it that is done in a second, for a look at a small picture. */
export function quick(recipe, schema) {
  if (settings(recipe).method) return painted(recipe, "instant", schema);
  const { budget, detail, ...rest } = recipe;
  return rest.dream ? { ...rest, iterations: 24 } : rest;
}

/** A recipe by another method, without what that has no use for. */
function painted(recipe, method, schema) {
  const used = ([name]) => !schema.properties[name]?.["x-unused"]?.includes(method);
  return { ...Object.fromEntries(Object.entries(recipe).filter(used)), method };
}

function scaled(scale = 1, octaves) {
  return Math.min(8, Math.max(0.1, scale * 2 ** octaves));
}
