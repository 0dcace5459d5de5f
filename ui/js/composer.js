// Where a message is written. What is typed stays here until the gateway can take it.

import { part } from "./dom.js";

/** The gateway takes frames of 512 KiB; a character may need four bytes, and the rest of the frame some room. */
const MAX_MESSAGE_CHARS = 100_000;

export class Composer {
  #box = part("message", HTMLTextAreaElement);
  #button = part("send", HTMLButtonElement);
  #online = false;

  /** @param {(text: string) => void} send */
  constructor(send) {
    this.send = send;
    this.#box.maxLength = MAX_MESSAGE_CHARS;
    this.#box.oninput = () => this.#refresh();
    this.#box.onkeydown = (event) => {
      // Enter also ends a word in an input method; that one is not ours.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#submit();
    };
    part("composer", HTMLFormElement).onsubmit = (event) => {
      event.preventDefault();
      this.#submit();
    };
  }

  /** @param {boolean} online */
  set online(online) {
    this.#online = online;
    this.#refresh();
  }

  focus() {
    this.#box.focus();
  }

  #submit() {
    const text = this.#box.value.trim();
    if (!text || !this.#online) return;
    this.#box.value = "";
    this.#refresh();
    this.send(text);
  }

  /** The style sheet bounds the height. */
  #refresh() {
    this.#button.disabled = !this.#online || !this.#box.value.trim();
    this.#box.style.height = "auto";
    this.#box.style.height = `${this.#box.scrollHeight}px`;
  }
}
