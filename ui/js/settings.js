// Tells when the configuration on the disk is not the one the gateway works with.

import { h, part, show } from "./dom.js";

/** @param {ConfigHealth} config what there is to say; empty when all is well */
function words({ problems, problemCount, pending }) {
  const [first] = problems;
  if (first) {
    const more = problemCount > 1 ? ` (the first of ${problemCount} problems)` : "";
    return `The changed settings are not in use. ${first}${more}`;
  }
  return pending?.length ? `These settings wait for a restart of the gateway: ${pending.join(", ")}` : "";
}

export class SettingsBanner {
  #dismissed = "";

  /** @param {ConfigHealth | undefined} config the field of that name in `health` */
  update(config) {
    const text = config ? words(config) : "";
    // What was dismissed comes back when there is something else to say, or the same after it was gone.
    if (text !== this.#dismissed) this.#dismissed = "";
    show("settings", Boolean(text) && !this.#dismissed);
    const dismiss = () => {
      this.#dismissed = text;
      show("settings", false);
    };
    const close = h("button", { type: "button", class: "plain", "aria-label": "Dismiss", click: dismiss }, "×");
    part("settings").replaceChildren(h("span", {}, text), close);
  }
}
