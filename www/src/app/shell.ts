// What stands around the question and its result: header, notices, dialogs, the menu for taking a result along, footer.

import { originOf } from "../core/model-ref";
import type { Run } from "../core/run";
import { type Show, SHOWS } from "../core/view";
import { elementById } from "../lib/dom";
import { calledInFull, calledOf, offeredAs } from "../lib/models";
import * as dialogView from "../views/dialog";
import * as layoutView from "../views/layout";
import * as menuView from "../views/menu";
import * as modelChoiceView from "../views/model-choice";
import * as modelsView from "../views/models";
import * as noticeView from "../views/notice";
import * as offerView from "../views/offer";
import * as segmentsView from "../views/segments";
import * as statusView from "../views/status";
import * as takeView from "../views/take";
import * as themeView from "../views/theme";
import { aboutRun, warningsOf } from "./about";
import { isSameChoice } from "./choice";
import type { Events } from "./events";
import { againOf } from "./failure";
import { embedSubject, figureDialog, knownOf, listen } from "./figures";
import * as share from "./share";
import type { Action, Loaded, State } from "./state";
import { type Does, oldWords, type Status, statusOf } from "./status";
import type { Store } from "./store";

const VIEWS = (Object.keys(SHOWS) as Show[]).map((id) => ({ id, name: SHOWS[id], panel: id }));

/** Draws what is around; to be called whenever the state has changed. */
export function shell({ state, dispatch }: Store<State, Action>, events: Events): (now: State, before: State | null) => void {
  const models = elementById<HTMLDialogElement>("models-dialog");
  const help = elementById<HTMLDialogElement>("help-dialog");
  layoutView.create({
    header: elementById("header"),
    end: elementById("end"),
    left: elementById("left"),
    right: elementById("right"),
    views: elementById("views"),
    says: elementById("says"),
    picture: elementById("picture"),
  });
  const showModels = modelsView.create(elementById("models"), {
    onBox: events.say,
    onFiles: events.open,
    onLoad: () => {
      events.loadChosen();
      models.close();
    },
    onDelete: events.remove,
  });
  dialogView.create(models);
  dialogView.create(help);
  elementById("help").addEventListener("click", () => help.showModal());
  elementById("show-around").addEventListener("click", events.showTour);
  elementById("intro-tour").addEventListener("click", events.showTour);
  elementById("intro-close").addEventListener("click", () => dispatch({ type: "welcomed" }));
  themeView.create(elementById<HTMLButtonElement>("theme"));
  const figureButton = elementById<HTMLButtonElement>("figure-button");
  figureDialog(elementById<HTMLDialogElement>("figure-dialog"), figureButton, state);

  const showChoice = modelChoiceView.create(elementById("model-choice"), {
    onModel: events.chooseModel,
    onOther: () => models.showModal(),
  });
  const showViews = segmentsView.create<Show>(elementById("views"), "View", "tabs", (show) =>
    dispatch({ type: "look", change: { show } }),
  );
  const again: Record<Does, () => void> = {
    "cancel-load": events.cancelLoad,
    "cancel-run": events.cancelRun,
    "load-again": events.loadAgain,
    "run-again": events.runAgain,
  };
  const showStatus = statusView.create(elementById("status"), elementById("progress"), (does) => again[does as Does]());
  const showFailure = noticeView.create(elementById("failure"), "alert");
  const showOffer = offerView.create(elementById("offer"), {
    onLoad: events.loadOffered,
    onDecline: events.declineOffer,
    onModels: () => models.showModal(),
  });
  const showTake = takeMenu(state);
  const about = elementById("about-run");
  const old = elementById("old-run");

  return (now, before) => {
    const changed = (...keys: (keyof State)[]) => !before || keys.some((key) => now[key] !== before[key]);
    const hadFocus = document.activeElement;
    if (changed("run", "predictions")) listen(now);

    if (changed("load", "job", "run", "stopped", "loaded", "tried", "planning", "reading", "needsRun", "failure")) {
      const status = statusOf(now);
      showStatus(status);
      document.title = titleOf(status);
    }
    if (changed("loaded", "load", "kept", "offer", "formOf")) {
      const { choice } = now.load ?? now.loaded ?? {};
      showChoice({ ref: now.formOf ?? choice?.ref ?? null, kept: new Set(now.kept.filter(({ complete }) => complete).map(({ title }) => title)) });
    }
    if (changed("planning", "kept", "space", "load", "loaded")) showModels(modelsData(now));
    // Files that were dropped somewhere are a model's: what becomes of them is said there.
    const { files } = now.planning.box;
    if (before && files.length > 0 && files !== before.planning.box.files && !models.open) models.showModal();
    if (before && now.run !== before.run && now.run?.file && models.open) models.close();
    if (changed("offer", "planning", "loaded")) showOffer(offerData(now));
    if (changed("failure", "loaded", "tried", "load")) showFailure(failureNotice(now, events, () => dispatch({ type: "dismissed" })));
    if (changed("view")) showViews(VIEWS, now.view.show);
    if (changed("run")) elementById("show-around").hidden = now.run === null;
    if (changed("isNew")) document.documentElement.toggleAttribute("data-new", now.isNew);
    if (changed("run", "draft", "loaded", "load")) {
      showTake(now.run !== null);
      figureButton.disabled = now.run === null;
      const words = oldWords(now);
      if (old.textContent !== words) old.textContent = words;
      const says = now.run ? [aboutRun(now.run), warningsOf(now.run)].filter(Boolean).join(" · ") : "";
      if (about.textContent !== says) about.textContent = says;
    }
    // A button that did what it said is gone: the picture is what the reader waits for.
    const isGone = hadFocus instanceof HTMLElement && hadFocus !== document.body && !hadFocus.checkVisibility();
    if (isGone || (hadFocus !== document.activeElement && document.activeElement === document.body)) {
      elementById("picture").focus({ preventScroll: true });
    }
  };
}

/** The window's title: how far it is, for a reader who waits in another window. */
function titleOf({ line }: Status): string {
  if (!line) return "pathpatch";
  return line.share === null ? "… pathpatch" : `${Math.floor(100 * line.share)}% pathpatch`;
}

/** What is told of a run that is taken along. */
function takeMenu(state: () => State): (isThere: boolean) => void {
  const shown = () => {
    const { run, look, view } = state();
    if (!run || !look) throw new Error("result: expected one, got none yet");
    return { run, look, view };
  };
  const base = document.baseURI;
  return takeView.create(menuView.create(elementById("share"), "Share"), {
    csv: () => share.runCsv(shown().run),
    json: () => share.runJson(shown().run, shown().look, knownOf(state())),
    figure: () => embedSubject(state(), base).json,
    graph: () => share.runGraph(shown().run),
    npy: () => share.runNpy(shown().run),
    npyHeads: (port) => share.headsNpy(shown().run, port),
    link: () => ({ text: share.link(shown().run, shown().view, location.href) }),
    transformerLens: () => ({ text: share.python(shown().run, shown().look, "4.3") }),
    transformerLensBefore: () => ({ text: share.python(shown().run, shown().look, "earlier") }),
    eapIg: () => ({ text: share.pythonEapIg(shown().run) }),
    command: () => ({ text: share.commandLine(shown().run), note: everyEdge(shown().run) }),
    js: () => ({ text: share.javascript(shown().run, shown().look, base), note: everyEdge(shown().run) }),
    embed: () => ({ text: share.embed(embedSubject(state(), base)) }),
  });
}

/** What runs of one sender's edges are told: the copied code and command have no such choice. */
const everyEdge = ({ request }: Run): string | undefined =>
  request.settings.scope === "source" ? "It computes every edge exactly, not those of one sender alone." : undefined;

function failureNotice({ failure, loaded, tried }: State, events: Events, dismiss: () => void): noticeView.Notice | null {
  if (!failure) return null;
  const { text, more, retry } = failure;
  const seen = { name: "Dismiss", onPress: dismiss };
  if (retry === "run") return { text, more, buttons: [{ name: "Run again", onPress: events.runAgain }, seen] };
  const again = againOf({ failure, loaded, tried });
  if (retry === null || !again) return { text, more, buttons: [seen] };
  // It may be another model that could not be loaded, while this one still works.
  const isOther = loaded !== null && !isSameChoice(again.choice, loaded.choice);
  const name = isOther ? `Try ${calledOf(again.choice.ref)} again` : loaded ? "Load the model again" : "Load again";
  return { text, more, buttons: [{ name, onPress: events.loadAgain }, ...(isOther ? [seen] : [])] };
}

function modelsData({ planning, kept, space, load, loaded }: State): modelsView.ModelsData {
  const { box, choice, plan, error, isAsking } = planning;
  return {
    box,
    isNamed: choice !== null,
    isLoaded: choice !== null && loaded !== null && isSameChoice(choice, loaded.choice),
    plan,
    asking: isAsking && choice ? originOf(choice.ref) : null,
    kept,
    space,
    error,
    loaded: loaded && describe(loaded),
    warnings: loaded?.warnings.map(({ message }) => message) ?? [],
    isLoading: load !== null,
  };
}

/** `GPT-2 small: 12 layers × 12 heads, on the CPU: no graphics adapter; kept in this browser` */
function describe({ model, config, device, keeping }: Loaded): string {
  const adapter = device.adapter ? ` (${device.adapter})` : "";
  const on = device.kind === "webgpu" ? `WebGPU${adapter}` : "the CPU";
  const shape = `${config.n_layers} layers × ${config.n_heads} heads`;
  const isBundled = model.ref.kind === "bundled";
  const kept = isBundled ? "" : keeping.kept ? "; kept in this browser" : `; not kept: ${keeping.reason}`;
  return `${calledOf(model.ref)}: ${shape}, on ${on}: ${device.reason}${kept}`;
}

function offerData({ offer, planning, loaded }: State): offerView.OfferData | null {
  if (!offer) return null;
  const { ref } = offer.choice;
  const isPlanned = planning.choice !== null && isSameChoice(planning.choice, offer.choice);
  return {
    name: calledOf(ref),
    full: calledInFull(ref),
    bytes: offeredAs(ref)?.bytes ?? null,
    origin: originOf(ref),
    plan: isPlanned ? planning.plan : null,
    isAsking: isPlanned && planning.isAsking,
    error: isPlanned ? planning.error : "",
    isOfLink: offer.wanted !== null,
    isOfFiles: ref.kind === "files",
    canDecline: loaded !== null,
  };
}
