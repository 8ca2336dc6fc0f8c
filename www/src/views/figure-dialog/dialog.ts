// The figure dialog: the result on screen for a paper, or for a web page; each with a preview of what one gets.

import { element } from "../../lib/dom";
import * as dialogView from "../dialog";
import * as segmentsView from "../segments";
import type { FigureData, FigureEvents } from "./data";
import * as embedView from "./embed";
import * as paperView from "./paper";

const TABS = { paper: "For a paper", embed: "For a web page" } as const;
type Tab = keyof typeof TABS;

/** Gives what opens the dialog on a result; what the reader has set stays set. */
export function create(dialog: HTMLDialogElement, events: FigureEvents): (data: FigureData) => void {
  dialog.setAttribute("aria-labelledby", "figure-title");
  const tabs = element("div", { class: "tabs" });
  const panelOf = (id: Tab) => element("div", { id: `figure-${id}`, class: "figure-tab", role: "tabpanel", "aria-labelledby": `tab-${id}` });
  const [paper, embed] = [panelOf("paper"), panelOf("embed")];
  dialog.append(element("h2", { id: "figure-title" }, "Figure"), tabs, paper, embed);
  dialogView.create(dialog);
  const showPaper = paperView.create(paper, events.site);
  const showEmbed = embedView.create(embed, events);
  let shown: FigureData | undefined;
  let tab: Tab = "paper";
  const showTabs = segmentsView.create<Tab>(tabs, "Figure", "tabs", (chosen) => {
    tab = chosen;
    draw();
  });
  function draw(): void {
    if (!shown) return;
    showTabs((Object.keys(TABS) as Tab[]).map((id) => ({ id, name: TABS[id], panel: `figure-${id}` })), tab);
    paper.hidden = tab !== "paper";
    embed.hidden = tab !== "embed";
    if (tab === "paper") showPaper(shown);
    else showEmbed(shown);
  }
  return (data) => {
    shown = data;
    // What is drawn is measured, which takes a dialog that is there.
    dialog.showModal();
    draw();
  };
}
