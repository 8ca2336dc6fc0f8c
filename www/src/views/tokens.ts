// Both prompts as one running text: what they share once, where they differ the clean word over the corrupted one. Each
// token is a place where the metric can read.

import { element } from "../lib/dom";
import { stretches } from "../lib/fold";
import { merged, type MergedColumn, placeOf, positionIn, type TokenPair } from "../lib/merged";
import { visible } from "../lib/tokens";
import { type TipContent, tipOf } from "./tip";

export interface TokensData extends TokenPair {
  /** Whether a beginning-of-text token was put in front. */
  readonly prependBos: boolean;
  /** Where the metric reads; below 0 from the end, the last token where null. */
  readonly position: number | null;
}

export interface TokensEvents {
  /** A token was chosen, by its position from the start. */
  onPosition: (at: number, length: number) => void;
}

/** Without events it is a text to read. */
export function create(container: HTMLElement, events?: TokensEvents): (data: TokensData) => void {
  const line = element("div", { class: "prompt" });
  if (events) {
    line.role = "listbox";
    line.ariaOrientation = "horizontal";
    line.ariaLabel = "Prompt. The metric reads at the chosen token";
  }
  const whole = element("button", { type: "button", class: "link" });
  const foot = element("p", { class: "prompt-foot" }, whole);
  container.append(line, foot);
  let columns: MergedColumn[] = [];
  /** Whether a long prompt is shown in full. */
  let isOpen = false;
  let shown: TokensData | undefined;
  /** The token that the Tab key stops at. */
  let stop: number | null = null;

  whole.addEventListener("click", () => {
    isOpen = !isOpen;
    draw();
    whole.focus();
  });

  const tip = events && tipOf(container);
  const tell = (target: EventTarget | null, show: (about: HTMLElement, content: TipContent) => void) => {
    const token = (target as HTMLElement).closest<HTMLElement>("[data-at]");
    const column = token && columns[Number(token.dataset.at)];
    if (token && column) show(token, tipFor(column, Number(token.dataset.at)));
    else tip?.hide();
  };
  if (tip) {
    line.addEventListener("pointermove", (event) => tell(event.target, (_, content) => tip.at(event, content)));
    line.addEventListener("pointerleave", tip.hide);
    line.addEventListener("focusin", ({ target }) => tell(target, tip.on));
    line.addEventListener("focusout", tip.hide);
  }

  const tokens = () => [...line.querySelectorAll<HTMLElement>("[data-at]")];
  const stopAt = (chosen: HTMLElement) => {
    for (const token of tokens()) token.tabIndex = token === chosen ? 0 : -1;
    stop = Number(chosen.dataset.at);
  };
  const choose = (target: EventTarget | null) => {
    const token = (target as HTMLElement).closest<HTMLElement>("[data-at]");
    if (!token || !shown) return;
    stopAt(token);
    events?.onPosition(Number(token.dataset.at), shown.tokens.clean.length);
  };
  if (events) {
    line.addEventListener("click", ({ target }) => choose(target));
    line.addEventListener("keydown", (event) => {
      const all = tokens();
      const at = all.indexOf(event.target as HTMLElement);
      if (at < 0) return;
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        choose(event.target);
        return;
      }
      const onward = getComputedStyle(line).direction === "rtl" ? -1 : 1;
      const to = { ArrowRight: at + onward, ArrowLeft: at - onward, ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
      const next = to === undefined ? undefined : all[to];
      if (to !== undefined) event.preventDefault();
      if (!next) return;
      stopAt(next);
      next.focus();
    });
  }

  function draw(): void {
    const data = shown;
    if (!data) return;
    columns = merged(data, data.prependBos);
    const length = columns.length;
    const at = positionIn(data.position, length);
    const differing = columns.flatMap(({ differs }, i) => (differs ? [i] : []));
    const all = stretches(length, differing, at);
    const isLong = all.some(({ isShown }) => !isShown);
    const parts = isOpen ? [{ from: 0, to: length - 1, isShown: true }] : all;
    const hadFocus = line.contains(document.activeElement);
    line.dir = directionOf(data.clean || data.corrupted);
    line.replaceChildren(...(length === 0 ? [] : parts.flatMap((part) => (part.isShown ? run(part, at) : [gap(part)]))));
    line.classList.toggle("whole", isOpen && isLong);
    line.classList.toggle("folded", !isOpen && isLong);
    foot.hidden = !isLong;
    whole.textContent = isOpen ? "Fold" : `Show all ${length} tokens`;
    if (!events) return;
    const all_ = tokens();
    const stays = all_.find((token) => Number(token.dataset.at) === (stop ?? at)) ?? all_.at(-1);
    if (!stays) return;
    stopAt(stays);
    if (hadFocus) stays.focus();
  }

  /** The tokens of a stretch, with the spaces between them. */
  function run({ from, to }: { from: number; to: number }, at: number): (Node | string)[] {
    return columns.slice(from, to + 1).flatMap((column, i) => {
      const place = from + i;
      const { before, isWithin, isBytes } = placeOf(column);
      const token = column.differs ? stacked(column) : element("span", {}, placeOf(column).text);
      token.classList.add("tok");
      token.classList.toggle("start", placeOf(column).isStart);
      token.classList.toggle("within", isWithin);
      token.classList.toggle("bytes", isBytes);
      token.classList.toggle("at", place === at);
      if (placeOf(column).isStart && !column.differs) token.textContent = "⟨start⟩";
      if (events) {
        token.setAttribute("role", "option");
        token.setAttribute("aria-selected", String(place === at));
        token.setAttribute("aria-label", labelOf(column, place));
        token.dataset.at = String(place);
      }
      return [space(before), token, ...(isLineEnd(column) ? [element("br")] : [])];
    });
  }

  function gap({ from, to }: { from: number; to: number }): HTMLElement {
    return element("span", { class: "fold" }, ` … ${to - from + 1} more … `);
  }

  return (data) => {
    if (shown && (shown.clean !== data.clean || shown.corrupted !== data.corrupted)) [stop, isOpen] = [null, false];
    else if (shown && shown.position !== data.position) stop = null;
    shown = data;
    draw();
  };
}

/** A line end is shown, and ends its line. */
const isLineEnd = (column: MergedColumn): boolean => /↵$/.test(placeOf(column).text);

/** One space is a space; more of them, and line ends, are seen. */
function space(before: string): string {
  if (before === "" || before === " ") return before;
  return ` ${before.slice(0, -1).replaceAll(" ", "·").replaceAll("\n", "↵").replaceAll("\t", "⇥")} `;
}

/** The clean token over the corrupted one. */
function stacked({ clean, corrupted }: MergedColumn): HTMLElement {
  const side = (name: "clean" | "corrupted", text: string | undefined) =>
    element("span", { class: name === "clean" ? "c" : "r" }, element("span", { class: "unseen" }, `${name} `), text ?? "∅");
  const spaced = clean && corrupted && clean.before !== corrupted.before;
  const text = (of: typeof clean) => of && `${spaced && of.before ? "·" : ""}${of.text}`;
  return element("span", { class: "alt" }, side("clean", text(clean) ?? undefined), side("corrupted", text(corrupted) ?? undefined));
}

/** Which token it is, and what of it. */
function tipFor(column: MergedColumn, place: number): TipContent {
  const { clean, corrupted, differs } = column;
  const line = (of: typeof clean) => (of ? `${of.isBytes ? of.text : visible(of.token)} · id ${of.id}` : "nothing");
  const lines = differs ? [`clean ${line(clean)}`, `corrupted ${line(corrupted)}`] : [line(placeOf(column))];
  return { title: `Token ${place}`, lines: [...lines, "Press to read the metric here"] };
}

function labelOf(column: MergedColumn, place: number): string {
  const { clean, corrupted, differs } = column;
  const { text, id, isStart, token } = placeOf(column);
  if (!differs) return `${isStart ? `start of the text, ${token}` : text}: token ${place}, id ${id}`;
  const side = (of: typeof clean) => (of ? `${of.text}, id ${of.id}` : "nothing");
  return `clean ${side(clean)}; corrupted ${side(corrupted)}: token ${place}`;
}

/** By the first letter that has a direction. */
const directionOf = (text: string): "rtl" | "ltr" =>
  /\p{L}/u.exec(text)?.[0].match(/[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u) ? "rtl" : "ltr";
