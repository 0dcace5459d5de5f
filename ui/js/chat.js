// Draws a conversation. What is on record sits in one list; what is under way sits below it in a live region, so that
// a screen reader hears an answer once, when it is complete.

import { h, part, shortTime, show } from "./dom.js";
import { markdown } from "./markdown.js";
import { chips } from "./sources.js";
import { describeTool } from "./turns.js";

/** @import { Conversation } from "./conversation.js" */

/** This close to the end (in CSS pixels) the reader is taken to follow along. */
const FOLLOW_MARGIN_PX = 90;

export class ChatView {
  #scroller = part("scroller");
  #record = part("record");
  #live = part("live");
  /** @type {Turn[] | null} */ #shown = null;
  #frame = 0;

  /** Draws at the next frame, however many events come before it. @param {Conversation} conversation */
  render(conversation) {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#draw(conversation));
  }

  /** Goes to the newest message. */
  follow() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  /** @param {Conversation} conversation */
  #draw(conversation) {
    const { turns, runs, phase, problem } = conversation;
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    const following = scrollHeight - scrollTop - clientHeight < FOLLOW_MARGIN_PX;
    if (turns !== this.#shown) {
      this.#record.replaceChildren(...turns.map((turn) => (turn.kind === "question" ? bubble(turn) : this.#answer(turn))));
      this.#shown = turns;
    }
    const waiting = [...runs.values()].sort((a, b) => Number(b.recorded) - Number(a.recorded));
    this.#live.replaceChildren(...waiting.flatMap((run) => this.#run(run, () => conversation.retry(run))));
    this.#live.setAttribute("aria-busy", String(conversation.busy));
    const bare = !turns.length && !runs.size;
    show("empty", bare && phase === "ready");
    show("unloaded", phase === "failed");
    if (phase === "failed") {
      const retry = () => conversation.load();
      part("unloaded").replaceChildren(notice(`This chat could not be loaded. ${problem}`, retry));
    }
    if (following) this.follow();
  }

  /** @param {Run} run @param {() => void} retry */
  #run({ question, recorded, answer }, retry) {
    const nodes = question && !recorded ? [bubble(question)] : [];
    if (question?.state === "unsent") return [...nodes, notice(`Not sent. ${question.problem}`, retry)];
    return [...nodes, this.#answer(answer, retry)];
  }

  /** @param {Answer} answer @param {() => void} [retry] */
  #answer({ tools, text, sources, state, problem = "", time }, retry) {
    const article = h("article", { class: "answer", "data-state": state, "aria-label": "Answer" });
    for (const tool of tools) {
      article.append(h("p", { class: "tool", "data-state": tool.state }, describeTool(tool)));
    }
    if (text) article.append(h("div", { class: "prose" }, markdown(text)));
    if (sources.length) article.append(chips(sources));
    if (state === "working" && !text) article.append(h("p", { class: "quiet working" }, "Working on an answer …"));
    if (state === "stopped") article.append(h("p", { class: "quiet" }, "Stopped."));
    if (state === "failed") article.append(notice(`No answer. ${problem}`, retry));
    if (state === "interrupted") article.append(notice("The connection was lost. The answer may still arrive.", retry));
    if (state === "done" && time) article.append(h("p", { class: "quiet" }, shortTime(time)));
    return article;
  }
}

/** @param {Question} question */
function bubble({ text, state }) {
  return h("article", { class: "question", "data-state": state, "aria-label": "You" }, h("div", {}, text));
}

/** @param {string} text @param {() => void} [retry] */
export function notice(text, retry) {
  const box = h("div", { class: "notice", role: "alert" }, h("span", {}, text));
  if (retry) box.append(h("button", { type: "button", click: retry }, "Retry"));
  return box;
}
