// The state of one session on this page: its history, and the runs that are under way. No DOM in here.

import { ConnectionLost } from "./connection.js";
import { emptyAnswer, plainText, setText, toolEnded, toolStarted, turnsFromHistory } from "./turns.js";

const HISTORY_LIMIT = 200;
const ENDINGS = /** @type {const} */ ({ delta: "working", final: "done", aborted: "stopped", error: "failed" });

export class Conversation {
  /** @type {Turn[]} what the gateway has on record */
  turns = [];
  /** @type {Map<string, Run>} what is not on record yet, oldest first */
  runs = new Map();
  /** @type {"loading" | "ready" | "failed"} */
  phase = "loading";
  problem = "";
  #loads = 0;

  /** @param {string} key canonical @param {Call} request @param {() => void} changed called after every change */
  constructor(key, request, changed) {
    this.key = key;
    this.request = request;
    this.changed = changed;
  }

  /** An answer is under way. */
  get busy() {
    return [...this.runs.values()].some(({ question, answer }) => answer.state === "working" && question?.state !== "unsent");
  }

  /** Reads the history, and drops the runs that it contains. */
  async load() {
    const load = ++this.#loads;
    try {
      const history = await this.request("chat.history", { sessionKey: this.key, limit: HISTORY_LIMIT });
      if (load !== this.#loads) return;
      this.turns = turnsFromHistory(history.messages ?? []);
      this.phase = "ready";
      for (const run of this.runs.values()) this.#settle(run);
    } catch (error) {
      if (load !== this.#loads || error instanceof ConnectionLost) return; // It is loaded again after reconnecting.
      if (this.phase !== "ready") this.phase = "failed";
      this.problem = /** @type {Error} */ (error).message;
    }
    this.changed();
  }

  /** After the connection was gone nobody knows what became of the runs: the record decides. */
  resume() {
    for (const { answer } of this.runs.values()) if (answer.state === "working") answer.state = "interrupted";
    return this.load();
  }

  /** @param {string} text */
  send(text) {
    const question = /** @type {Question} */ ({ kind: "question", text, state: "sending" });
    return this.#submit({ id: crypto.randomUUID(), question, recorded: false, answer: emptyAnswer("working") });
  }

  /** Sends again. Under the same idempotency key, a message that did arrive is not answered twice. @param {Run} run */
  retry(run) {
    // After an error the run is over for the gateway, so asking again is a new message.
    const id = run.answer.state === "failed" ? crypto.randomUUID() : run.id;
    this.runs.delete(run.id);
    return this.#submit({ ...run, id, answer: emptyAnswer("working") });
  }

  /** @param {Run} run */
  async #submit(run) {
    const { id, question } = run;
    if (!question) return this.load();
    this.runs.set(id, run);
    question.state = "sending";
    this.changed();
    const params = { sessionKey: this.key, message: question.text, deliver: false, idempotencyKey: id };
    try {
      const reply = await this.request("chat.send", params);
      question.state = "sent";
      // A stop word starts no run, and a repeated message may be finished: both are on record.
      if (reply.aborted !== undefined || reply.status === "ok") this.#finish(run);
    } catch (error) {
      question.state = "unsent";
      question.problem = /** @type {Error} */ (error).message;
    }
    this.changed();
  }

  async abort() {
    const { aborted } = await this.request("chat.abort", { sessionKey: this.key });
    if (!aborted) await this.resume(); // Nothing was running any more: the record knows why.
  }

  /** @param {ChatEvent} event */
  onChat({ runId, sessionKey, state, message, errorMessage }) {
    let run = this.runs.get(runId);
    if (!run) {
      if (sessionKey.toLowerCase() !== this.key) return;
      // Somebody else began this run. Its question is on record already.
      run = { id: runId, question: null, recorded: true, answer: emptyAnswer("working") };
      if (!this.busy) this.load();
      this.runs.set(runId, run);
    }
    const { question, answer } = run;
    if (question) question.state = "sent";
    if (message) setText(answer, plainText(message.content));
    answer.provider = message?.provider ?? answer.provider;
    answer.model = message?.model ?? answer.model;
    answer.state = ENDINGS[state];
    answer.problem = errorMessage;
    if (state === "final") this.#finish(run);
    this.changed();
  }

  /** Only `chat` events begin a run here: background runs have `agent` events too. @param {AgentEvent} event */
  onAgent({ runId, stream, data }) {
    const answer = this.runs.get(runId)?.answer;
    if (!answer || stream !== "tool" || !data) return;
    if (data.phase === "start") toolStarted(answer, { ...data, id: data.toolCallId });
    if (data.phase === "result") toolEnded(answer, data);
    this.changed();
  }

  /** The record is read again once nothing is under way, so that no message shows up twice. @param {Run} run */
  #finish(run) {
    run.answer.state = "done";
    if (!this.busy) this.load();
  }

  /** Holds a run against the freshly read history. @param {Run} run */
  #settle(run) {
    const { id, question, answer } = run;
    const asked = this.turns.findLast((turn) => turn.kind === "question" && turn.text === question?.text);
    const lost = question?.state === "unsent";
    if (answer.state === "working" && !lost) return;
    run.recorded = Boolean(asked) && asked === this.turns.at(-1);
    if (question && run.recorded && answer.state !== "done") {
      // On record but not answered: what went wrong stays in sight, with a way to ask again.
      question.state = "sent";
      if (lost) answer.state = "interrupted";
    } else if (question && !asked && answer.state === "interrupted") {
      question.state = "unsent";
      question.problem = "The connection was lost before the gateway took the message.";
    } else if (!lost) this.runs.delete(id);
  }
}
