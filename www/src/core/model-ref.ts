// Which model: one way to say it in links, saved files, code and the page's own box.
//
// What comes from a link is untrusted. An address is normalised before anything else sees it, so that no line end,
// quote or other scheme is left in it.

/** The models that the site brings along, by the names of their directories; the page opens with the first. */
export const BUNDLED_NAMES = ["ioi-demo", "years-demo"] as const;
export type BundledName = (typeof BUNDLED_NAMES)[number];
/** What a reader is told of their size. */
export const BUNDLED_SHAPES: Record<BundledName, string> = {
  "ioi-demo": "3 layers × 4 heads",
  "years-demo": "2 layers × 4 heads",
};
/** Where a bundled model's files are, from the site's root. */
export const bundledPath = (name: BundledName): string => `models/${name}`;
/** What a saved file calls the first of them, wherever the site is. */
export const BUNDLED_SOURCE = "bundled";
/** How an address names files of the reader's own: enough to say what is missing. */
const FILES = "files";

export type ModelRef =
  | { readonly kind: "bundled"; readonly name: BundledName }
  /** `revision` is a branch, a tag or a commit; null for the repository's main branch. */
  | { readonly kind: "hub"; readonly repo: string; readonly revision: string | null }
  /** A directory with a model's files. */
  | { readonly kind: "address"; readonly url: string }
  /** Files of the reader's own: nobody else can load them. */
  | { readonly kind: "files" };

/** A model that its name alone finds. */
export type NamedRef = Extract<ModelRef, { kind: "hub" | "address" }>;

/** A model that is loaded, as results tell where they come from. */
export interface LoadedModel {
  readonly ref: ModelRef;
  readonly name: string;
  /** The commit that was loaded; null where there is none, or it is not known. */
  readonly revision: string | null;
  /** Numbers of a position in the residual stream; absent in files from before they told it. */
  readonly dModel?: number;
  /** What its files weigh; absent where that is not known. */
  readonly bytes?: number;
  /** Which of the page's loads it came with, so that two sets of files are told apart; absent where none is meant. */
  readonly load?: number;
}

/** `owner/name`, perhaps `@revision`; neither part begins with a dot, so `./name` and `../name` are addresses. */
const REPOSITORY = /^(\w[\w.-]*\/\w[\w.-]*)(?:@([\w./-]+))?$/;

/** The names by which papers, transformers and TransformerLens know them. */
const SHORT_NAMES: Record<string, string> = {
  gpt2: "openai-community/gpt2",
  "gpt2-small": "openai-community/gpt2",
  "gpt2-medium": "openai-community/gpt2-medium",
  "gpt2-large": "openai-community/gpt2-large",
  "gpt2-xl": "openai-community/gpt2-xl",
  distilgpt2: "distilbert/distilgpt2",
};

/** The model that the page opens with. */
export const BUNDLED_REF: Extract<ModelRef, { kind: "bundled" }> = { kind: "bundled", name: BUNDLED_NAMES[0] };

/**
 * The model that a text names: a short name, `owner/name@revision`, or the address of a directory, relative to
 * `base`; null where it is none of these. The page, figures and `PathPatch.load` all read a name with this.
 */
export function namedModel(text: string, base: string): NamedRef | null {
  const trimmed = text.trim();
  const [name = "", ...pinned] = trimmed.split("@");
  const known = Object.hasOwn(SHORT_NAMES, name) ? [SHORT_NAMES[name], ...pinned].join("@") : trimmed;
  const [, repo, revision] = REPOSITORY.exec(known) ?? [];
  if (repo !== undefined) return { kind: "hub", repo, revision: revision ?? null };
  if (!URL.canParse(trimmed, base)) return null;
  const url = new URL(trimmed, base);
  return url.protocol === "http:" || url.protocol === "https:" ? { kind: "address", url: url.href } : null;
}

/** As `namedModel`; throws where the text names none. */
export function parseModel(text: string, base: string): NamedRef {
  const ref = namedModel(text, base);
  if (ref) return ref;
  const got = JSON.stringify(text.trim());
  throw new Error(`model: expected gpt2, owner/name or the address of a directory with http:// or https://, got ${got}`);
}

/** The model that a link names; the one that the page opens with where it names none. */
export function refOfLink(text: string | undefined, base: string): ModelRef {
  if (text === undefined) return BUNDLED_REF;
  const name = BUNDLED_NAMES.find((bundled) => bundled === text);
  if (name) return { kind: "bundled", name };
  return text === FILES ? { kind: "files" } : parseModel(text, base);
}

/** How a link names it; undefined for the one that the page opens with. */
export function linkOf(ref: ModelRef): string | undefined {
  if (ref.kind === "bundled") return ref.name === BUNDLED_NAMES[0] ? undefined : ref.name;
  return ref.kind === "files" ? FILES : textOf(ref);
}

/** What a saved file says of it; null for files of one's own. */
export function savedSource(ref: ModelRef): string | null {
  return ref.kind === "files" ? null : (linkOf(ref) ?? BUNDLED_SOURCE);
}

/** The model that a saved file tells of. */
export function refOfSaved(source: string | null, base: string): ModelRef {
  if (source === null) return { kind: "files" };
  return refOfLink(source === BUNDLED_SOURCE ? undefined : source, base);
}

/** `owner/name@revision`, or an address: what `PathPatch.load` takes. */
export function textOf(ref: NamedRef): string {
  if (ref.kind === "address") return ref.url;
  return ref.revision === null ? ref.repo : `${ref.repo}@${ref.revision}`;
}

/** What people call it. */
export function nameOf(ref: ModelRef): string {
  switch (ref.kind) {
    case "bundled":
      return ref.name;
    case "files":
      return "your files";
    default:
      return textOf(ref);
  }
}

/** Where its files come from, as a reader is told before they are downloaded. */
export function originOf(ref: ModelRef): string {
  return ref.kind === "hub" ? "huggingface.co" : ref.kind === "address" ? new URL(ref.url).host : "this page";
}

/** The same files again: the commit in place of a branch, where it is known. */
export function pinned({ ref, revision }: LoadedModel): ModelRef {
  return ref.kind === "hub" && revision !== null ? { ...ref, revision } : ref;
}

export const isSameModel = (a: ModelRef, b: ModelRef): boolean =>
  a.kind === b.kind && a.kind !== "files" && linkOf(a) === linkOf(b);
