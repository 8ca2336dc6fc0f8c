// What a figure in a post is made of.

/** What a figure may show beside its prompts, its circuit and what is said of the chosen edge. */
export const EXTRAS = { scale: "Scale of effects", grids: "Grids", table: "Table of edges" } as const;
export type Extra = keyof typeof EXTRAS;

/** What it may leave out. */
export const PARTS = { prompts: "Prompts", circuit: "Circuit", explanation: "Explanation", run: "Run button" } as const;
export type Part = keyof typeof PARTS;
