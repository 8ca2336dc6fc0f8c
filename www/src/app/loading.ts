// Models: what loading one would take, loading it, and what this browser keeps.
//
// A load has nothing to do with a run: the model that is there goes on working until the new one is ready, and each
// of the two is cancelled by itself.

import { isSameModel, type LoadedModel, type ModelRef, nameOf, refOfLink } from "../core/model-ref";
import { type KeptModel, PathPatch, PathPatchError } from "../engine/pathpatch";
import type { DeviceChoice, LoadOptions, WeightType } from "../engine/types";
import { messageOf } from "../lib/dom";
import { fromParams } from "../lib/permalink";
import { firstOf } from "../lib/presets";
import { againOf, loadFailure } from "./failure";
import { boxOf, choiceOf, isSameChoice, mayBe, sourceOf } from "./choice";
import type { Action, Box, Choice, State, Wanted } from "./state";
import { latest, type Store } from "./store";

export interface Loading {
  engine: () => PathPatch | null;
  /** Something else was said in the box. */
  say: (change: Partial<Box>) => void;
  load: (choice: Choice, wanted?: URLSearchParams | null) => void;
  /** A model that the reader names: loaded at once where it is at hand, else after asking. */
  choose: (ref: ModelRef) => void;
  /** What is offered is not wanted. */
  decline: () => void;
  cancel: () => void;
  /** Once more a model that was lost, or what was tried last. */
  again: () => void;
  remove: (kept: KeptModel) => void;
  /** Show what an address asks for: at once where its model is at hand, else after asking. */
  open: (params: URLSearchParams) => void;
}

const codeOf = (error: unknown) => (error instanceof PathPatchError ? error.code : undefined);

export function loading(store: Store<State, Action>): Loading {
  const { dispatch } = store;
  const base = document.baseURI;
  let engine: PathPatch | null = null;

  const planning = latest(
    async (signal, choice: Choice | null) => {
      const isAtHand = !choice || choice.ref.kind === "bundled" || choice.ref.kind === "files";
      dispatch({ type: "planning", planning: { choice, plan: null, error: "", isAsking: !isAtHand } });
      if (isAtHand) return;
      try {
        const plan = await PathPatch.plan(sourceOf(choice, base), { signal });
        if (signal.aborted) return;
        dispatch({ type: "planning", planning: { plan, isAsking: false } });
        // What a link is about, and turns out to be kept, is not asked about.
        const { offer } = store.state();
        if (plan.kept && offer && isSameChoice(offer.choice, choice)) load.start(choice, offer.wanted);
      } catch (error) {
        if (!signal.aborted) dispatch({ type: "planning", planning: { error: messageOf(error), isAsking: false } });
      }
    },
    fail,
  );

  /** What the box says now, or why it says nothing. */
  function plan(): void {
    try {
      planning.start(choiceOf(store.state().planning.box, base));
    } catch (error) {
      planning.cancel();
      dispatch({ type: "planning", planning: { choice: null, plan: null, isAsking: false, error: messageOf(error) } });
    }
  }

  function say(change: Partial<Box>): void {
    // From here on the box says what the reader says, and no longer what a link does.
    opening.cancel();
    dispatch({ type: "planning", planning: { box: { ...store.state().planning.box, ...change } } });
    plan();
  }

  const load = latest(
    async (signal, choice: Choice, wanted: URLSearchParams | null) => {
      dispatch({ type: "load-begun", choice, wanted });
      const made = await PathPatch.load(sourceOf(choice, base), {
        ...fromUrl(),
        keep: choice.ref.kind !== "bundled",
        signal,
        onProgress: (progress) => {
          if (!signal.aborted) dispatch({ type: "load-grown", progress });
        },
      });
      if (signal.aborted) {
        made.dispose();
        return;
      }
      const before = engine;
      engine = made;
      dispatch({ type: "loaded", ...arrived(store.state(), choice, made, wanted) });
      // Only now: whatever was under way on it has been let go.
      before?.dispose();
      if (choice.ref.kind === "bundled") return;
      // The box may say something else by now, which is then what a reader wants to know of.
      plan();
      await showKept();
    },
    fail,
  );

  function fail(error: unknown): void {
    if (codeOf(error) === "cancelled") dispatch({ type: "load-stopped" });
    else dispatch({ type: "load-failed", failure: { ...loadFailure(error, store.state().tried?.choice.ref ?? null), retry: "load" } });
  }

  /** What this browser keeps; a browser that can keep nothing has nothing to show. */
  async function showKept(): Promise<void> {
    try {
      const { models: kept, space } = await PathPatch.keptModels();
      dispatch({ type: "kept", kept, space });
    } catch (error) {
      if (codeOf(error) !== "unsupported") dispatch({ type: "planning", planning: { error: messageOf(error) } });
    }
  }

  const removing = latest(
    async (_, kept: KeptModel) => {
      await PathPatch.removeModel(kept.id);
      await showKept();
      plan();
    },
    (error) => dispatch({ type: "planning", planning: { error: messageOf(error) } }),
  );

  const opening = latest(
    async (signal, params: URLSearchParams) => {
      const ref = refOfLink(params.get("model") ?? undefined, base);
      const choice: Choice = { ref, files: [] };
      planning.cancel();
      const named = ref.kind === "files" ? null : choice;
      dispatch({ type: "planning", planning: { box: boxOf(ref), choice: named, plan: null, isAsking: false, error: "" } });
      if (ref.kind === "bundled") {
        load.start(choice, params);
        planning.start(choice);
        // A reader who waits for the first grid needs no list of what is kept.
        await firstGrid(store);
        await showKept();
        return;
      }
      dispatch({ type: "offered", offer: { choice, wanted: params } });
      await showKept();
      if (signal.aborted || ref.kind === "files") return;
      // The Hub is asked for the size at once. Another server hears of this reader only once the reader says so,
      // unless its model is here already.
      const isNamed = store.state().kept.some(({ title }) => title === (ref.kind === "hub" ? ref.repo : ref.url));
      if (ref.kind === "hub" || isNamed) planning.start(choice);
    },
    (error) => dispatch({ type: "load-failed", failure: { text: messageOf(error), retry: null } }),
  );

  return {
    engine: () => engine,
    say,
    load: (choice, wanted = wantedFor(store.state(), choice)) => {
      opening.cancel();
      load.start(choice, wanted);
    },
    choose: (ref) => {
      opening.cancel();
      const choice: Choice = { ref, files: [] };
      const { loaded, load: now, formOf } = store.state();
      if (now ? isSameChoice(now.choice, choice) && !now.isBehind : loaded && isSameChoice(loaded.choice, choice)) {
        // From a saved result of another model, back to this one.
        if (loaded && formOf && !now) dispatch({ type: "want", wanted: firstOf(ref, loaded.config) });
        return;
      }
      dispatch({ type: "planning", planning: { box: boxOf(ref) } });
      if (ref.kind === "bundled") load.start(choice, wantedFor(store.state(), choice));
      else dispatch({ type: "offered", offer: { choice, wanted: null } });
      planning.start(choice);
    },
    decline: () => dispatch({ type: "offered", offer: null }),
    cancel: () => {
      load.cancel();
      dispatch({ type: "load-stopped" });
    },
    again: () => {
      const again = againOf(store.state());
      if (again) load.start(again.choice, again.wanted);
    },
    remove: removing.start,
    open: opening.start,
  };
}

/** What a link asks for that waits for this model. */
function wantedFor({ offer }: State, { ref }: Choice): URLSearchParams | null {
  return offer && mayBe(offer.choice.ref, ref) ? offer.wanted : null;
}

let loads = 0;

/** What the page shows of a model that has come: a link's question, or what was there, or the first example. */
function arrived(state: State, choice: Choice, made: PathPatch, params: URLSearchParams | null) {
  const { config, device, keeping } = made;
  const model: LoadedModel = { ref: choice.ref, name: nameOf(choice.ref), revision: keeping.revision, dModel: config.d_model, load: ++loads };
  const { warnings } = made;
  const first: Wanted = firstOf(choice.ref, config);
  const isAsked = state.formOf !== null && isSameModel(state.formOf, choice.ref);
  const isBack = isAsked || (state.loaded !== null && isSameChoice(state.loaded.choice, choice));
  const { settings, view } = isBack ? { settings: state.draft, view: state.view } : params ? fromParams(params, first) : first;
  return { loaded: { choice, model, config, device, keeping, warnings }, wanted: { settings, view } };
}

/** `?device=cpu` or `?device=webgpu` overrides the choice; `?weights=f16` has a GPU store weights in half the memory. */
function fromUrl(): Pick<LoadOptions, "device" | "weights"> {
  const { searchParams } = new URL(location.href);
  return {
    device: (searchParams.get("device") ?? "auto") as DeviceChoice,
    weights: (searchParams.get("weights") ?? "f32") as WeightType,
  };
}

/** Once the first run has something to show, or cannot have. */
function firstGrid(store: Store<State, Action>): Promise<void> {
  return new Promise((resolve) => {
    const leave = store.subscribe(({ run, failure, stopped }) => {
      if (!run && !failure && !stopped) return;
      leave();
      resolve();
    });
  });
}

