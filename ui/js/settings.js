// Tells when the configuration on the disk is not the one the gateway works with.

import { h, part, show } from "./dom.js";

/** @param {ConfigHealth} config @param {string} first the first problem, if it is known @returns what there is to say */
function words({ problemCount, pending }, first) {
  if (problemCount > 0) {
    const more = problemCount > 1 ? ` (the first of ${problemCount} problems)` : "";
    return `The changed settings are not in use. ${first ? first + more : "The log of the gateway says why."}`;
  }
  return pending?.length ? `These settings wait for a restart of the gateway: ${pending.join(", ")}` : "";
}

export class SettingsBanner {
  #dismissed = "";
  #shown = "";
  #first = "";
  /** @type {ConfigHealth | undefined} */
  #config;
  #text = h("span", {});
  #close = h("button", { type: "button", class: "plain", "aria-label": "Dismiss", click: () => this.#dismiss() }, "×");

  /** What is wrong, which only clients hear that may administrate. @param {ConfigEvent} event */
  told({ problems, reason }) {
    this.#first = problems?.[0] ?? reason ?? "";
    this.#render();
  }

  /** @param {ConfigHealth | undefined} config the field of that name in `health` */
  update(config) {
    this.#config = config;
    if (config?.problems) this.#first = config.problems[0] ?? "";
    this.#render();
  }

  #dismiss() {
    this.#dismissed = this.#shown;
    show("settings", false);
  }

  #render() {
    const text = this.#config ? words(this.#config, this.#first) : "";
    // What was dismissed comes back when there is something else to say, or the same after it was gone.
    if (text !== this.#dismissed) this.#dismissed = "";
    show("settings", Boolean(text) && !this.#dismissed);
    // Nothing else changes: a button made anew would lose the focus.
    if (text === this.#shown) return;
    this.#shown = text;
    this.#text.textContent = text;
    if (!this.#close.isConnected) part("settings").replaceChildren(this.#text, this.#close);
  }
}
